"""Others' loggers, each as a function that opens one in a folder and gives what logs a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

Log = Callable[[int, dict[str, float]], object]
"""(step, metrics): one row."""
Opener = Callable[[Path], AbstractContextManager[Log]]


@contextmanager
def tensorboard(folder: Path) -> Iterator[Log]:
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder)) as writer:

        def log(step: int, metrics: dict[str, float]) -> None:
            for name, value in metrics.items():
                writer.add_scalar(name, value, step)

        yield log


@contextmanager
def wandb(folder: Path) -> Iterator[Log]:
    import wandb

    folder.mkdir(parents=True)
    run = wandb.init(project="benchmark", mode="offline", dir=str(folder))
    yield lambda step, metrics: run.log(metrics, step=step)
    run.finish()


@contextmanager
def mlflow(folder: Path) -> Iterator[Log]:
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{folder.parent}/mlflow.db")  # making one takes seconds
    mlflow.set_experiment("benchmark")
    with mlflow.start_run():
        yield lambda step, metrics: mlflow.log_metrics(metrics, step=step, synchronous=True)


@contextmanager
def trackio(folder: Path) -> Iterator[Log]:
    """In the folder of TRACKIO_DIR: it reads no other."""
    import trackio

    with redirect_stdout(StringIO()):  # it greets
        run = trackio.init(project=folder.name, auto_log_cpu=False, auto_log_gpu=False)
    yield lambda step, metrics: run.log(metrics, step=step)
    with redirect_stdout(StringIO()):
        trackio.finish()


class Peer(NamedTuple):
    package: str
    distribution: str
    how: str
    opener: Opener
    share: float
    """Of the rows that others log; less for what is so slow that it would take minutes."""


PEERS = {
    "TensorBoard": Peer(
        "tensorboard", "tensorboard", "SummaryWriter, add_scalar", tensorboard, 1.0
    ),
    "W&B": Peer("wandb", "wandb", "offline", wandb, 1.0),
    "MLflow": Peer("mlflow", "mlflow-skinny", "SQLite, synchronous", mlflow, 0.1),
    "trackio": Peer("trackio", "trackio", "local", trackio, 1.0),
}
