"""How the files in this folder were made: `.venv/bin/python tests/engine/foreign/make.py FOLDER`.

With wandb 0.31.0 and mlflow-skinny 3.17.2 of requirements-bench.txt. `mlruns.zip` is the folder,
`mlflow.sql` the tables of the database that are read, as SQL: whole it would have 1 MB.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))
from benchmarks.peers.installed import peers_offline


def wandb_run(folder):
    import wandb

    quiet = wandb.Settings(x_disable_stats=True, x_disable_meta=True, console="off")
    run = wandb.init(
        project="proj ✨",
        name="bright-sun",
        mode="offline",
        dir=str(folder),
        config={"lr": 0.1, "model": {"kind": "mlp", "layers": [64, 64]}, "seed": 3, "none": None},
        tags=["base", "wide"],
        notes="first try",
        settings=quiet,
    )
    for step in range(30):
        run.log({"train/loss": 1 / (step + 1), "nested": {"a": step}, "text": "x"}, step=step)
    run.log({"val/acc": float("nan")}, step=30)
    run.log({"val/acc": float("inf"), "flag": True}, step=31)
    run.config.update({"late": 5})
    run.finish()


def mlflow_runs(address):
    import mlflow

    mlflow.set_tracking_uri(address)
    mlflow.set_experiment("tuning")
    with mlflow.start_run(run_name="first ✨", description="a *note*", tags={"team": "vision"}):
        mlflow.log_params({"lr": 0.1, "model": "mlp"})
        for step in range(20):
            mlflow.log_metric("train/loss", 1 / (step + 1), step=step)
        for step, value in enumerate(("nan", "inf", "-inf"), 1):
            mlflow.log_metric("val", float(value), step=step)
        mlflow.log_metric("train/loss", 9.0, step=5)
    try:
        with mlflow.start_run(run_name="second"):
            mlflow.log_metric("train/loss", 3.0, step=0)
            raise ValueError
    except ValueError:
        pass


if __name__ == "__main__":
    target = Path(sys.argv[1]).resolve()
    with peers_offline():
        os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
        wandb_run(target)
        mlflow_runs(f"sqlite:///{target}/mlflow.db")
        mlflow_runs(f"file://{target}/mlruns")
