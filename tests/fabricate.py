"""Run folders made through the engine's own API, without training anything."""

from __future__ import annotations

import math
import random
import time

import numpy as np

from engine.data.specs import DigitsSpec, PythonDocsSpec
from engine.models.specs import GPTSpec, ViTSpec
from engine.run_spec import RunSpec
from engine.runs.checkpoint_files import STATE, WEIGHTS, folder_of, write_manifest
from engine.runs.record import Imported
from engine.runs.run import Run
from engine.runs.series import RECORD, MetricFiles, records_of
from engine.runs.state import Best, RunState, Status
from engine.runs.store import RunStore
from engine.task_spec import TaskSpec

TEXT = RunSpec(
    name="docs gpt", task=TaskSpec(kind="causal-lm"), model=GPTSpec(), data=PythonDocsSpec()
)
IMAGES = RunSpec(
    name="digits vit",
    task=TaskSpec(kind="image-classification"),
    model=ViTSpec(),
    data=DigitsSpec(),
)

_STEP_S = 0.05
_ENDED = ("completed", "stopped", "failed", "interrupted")


def run_of(
    store: RunStore,
    spec: RunSpec = TEXT,
    *,
    status: Status = "completed",
    steps: int = 200,
    total: int = 200,
    reason: str = "",
) -> Run:
    """A run that looks as if it had been trained up to `steps`."""
    run = store.create(spec)
    end = time.time()
    at = end - _STEP_S * np.arange(steps, 0, -1)
    curves = _curves(spec, steps)
    files = MetricFiles(run.metrics_folder)
    for metric, (every, values) in curves.items():
        records = np.zeros(len(values), RECORD)
        records["step"] = np.arange(1, len(values) + 1) * every
        records["time"] = at[records["step"] - 1]
        records["value"] = values
        files.append(metric, records)
    files.close()
    run.write_state(
        RunState(
            status=status,
            reason=reason,
            step=steps,
            total_steps=total,
            steps_per_epoch=50.0,
            attempt=1 if steps else 0,
            best=_best(curves, every=50),
            launcher="process",
            device="cpu",
            threads=2,
            host="",
            queued_at=end - _STEP_S * steps - 1,
            started_at=end - _STEP_S * steps if steps else None,
            ended_at=end if status in _ENDED else None,
            heartbeat=end if steps else None,
            trained_s=_STEP_S * steps,
        )
    )
    if steps:
        run.add_event("started", "Training began on cpu with 2 threads.", step=0)
        run.add_event(status, reason or f"{status.capitalize()} after step {steps}.", step=steps)
    return run


def checkpoint_of(run: Run, step: int) -> None:
    """What counts as a good checkpoint for those who do not load it."""
    folder = folder_of(run.folder / "checkpoints", step)
    folder.mkdir()
    for name in (WEIGHTS, STATE):
        (folder / name).write_text(f"{name} of step {step}")
    write_manifest(folder, step, (WEIGHTS, STATE))


def _curves(spec: RunSpec, steps: int) -> dict[str, tuple[int, list[float]]]:
    noise = random.Random(0)
    train = [_loss(step) + 0.1 * noise.gauss(0, 1) for step in range(1, steps + 1)]
    val = [_loss(step) + 0.05 for step in range(50, steps + 1, 50)]
    curves = {
        "train/loss": (1, train),
        "optim/lr": (1, [1e-3 * 0.999**step for step in range(steps)]),
        "optim/grad_norm": (1, [0.5 + abs(noise.gauss(0, 0.1)) for _ in range(steps)]),
        "val/loss": (50, val),
    }
    if spec.task.kind == "causal-lm":
        curves["speed/tokens_per_s"] = (10, [noise.gauss(23_000, 500) for _ in range(steps // 10)])
        curves["val/perplexity"] = (50, [math.exp(loss) for loss in val])
        curves["val/bits_per_char"] = (50, [loss / math.log(2) for loss in val])
    else:
        curves["speed/samples_per_s"] = (10, [noise.gauss(2_300, 50) for _ in range(steps // 10)])
        curves["val/accuracy"] = (50, [1 - 0.1 * loss for loss in val])
        curves["val/f1_macro"] = (50, [0.99 - 0.1 * loss for loss in val])
    return {metric: points for metric, points in curves.items() if points[1]}


def _loss(step: int) -> float:
    return 1.4 + 2.8 * math.exp(-step / 60)


def _best(curves: dict[str, tuple[int, list[float]]], *, every: int) -> Best | None:
    if "val/loss" not in curves:
        return None
    values = curves["val/loss"][1]
    lowest = min(range(len(values)), key=values.__getitem__)
    return Best(metric="val/loss", value=values[lowest], step=(lowest + 1) * every)


def imported_run(store: RunStore) -> Run:
    """A run as it looks after it was read from elsewhere."""
    imported = Imported(
        source="tensorboard",
        place="logs",
        identity="theirs",
        original_name="their run",
        config={"lr": 0.1, "model": "resnet"},
    )

    def fill(run: Run) -> None:
        files = MetricFiles(run.metrics_folder)
        files.append("loss", records_of([(0, 10.0, 0.5), (10, 20.0, 0.25)]))
        files.append("odd name/✨", records_of([(10, 20.0, math.nan)]))
        files.close()
        run.write_state(
            RunState(status="completed", step=10, attempt=1, started_at=10.0, ended_at=20.0)
        )

    return store.create(imported, fill=fill)
