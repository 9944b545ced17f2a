"""A run that grows while it is watched, without any training."""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from engine.runs.run import Run
from engine.runs.series import RECORD, MetricFiles
from engine.runs.store import RunStore
from tests.fabricate import run_of

SPIKE_STEP, SPIKE = 777, 25.0
VALIDATE_EVERY = 100


def running_run(store: RunStore, steps: int) -> Run:
    """A text run of `steps` steps that says it is still training."""
    run = run_of(store, status="running", steps=0)
    state = {"steps_per_epoch": 400.0, "started_at": time.time() - 0.05 * steps}
    run.write_state(run.state().model_copy(update=state))
    grow(run, steps)
    return run


def grow(run: Run, count: int) -> None:
    """Append `count` steps to every metric."""
    done = len(run.series("train/loss").step)
    start = run.state().started_at or 0.0
    noise = random.Random(done)
    curves: dict[str, list[tuple[int, float, float]]] = {}
    for step in range(done + 1, done + count + 1):
        for metric, value in _values(step, noise).items():
            curves.setdefault(metric, []).append((step, start + 0.05 * step, value))
    files = MetricFiles(run.metrics_folder)
    for metric, points in curves.items():
        files.append(metric, np.array(points, RECORD))
    files.close()


@contextmanager
def growing(run: Run, count: int = 5, every_s: float = 0.2) -> Iterator[None]:
    """Append steps in the background while the block runs."""
    done = threading.Event()

    def work() -> None:
        while not done.wait(every_s):
            grow(run, count)

    writer = threading.Thread(target=work)
    writer.start()
    try:
        yield
    finally:
        done.set()
        writer.join()


def _values(step: int, noise: random.Random) -> dict[str, float]:
    loss = 1.4 + 2.9 * math.exp(-step / 900)
    values = {
        "train/loss": SPIKE if step == SPIKE_STEP else loss + 0.12 * noise.gauss(0, 1),
        "optim/lr": 1e-3 * min(1, step / 100) * (0.55 + 0.45 * math.cos(step / 5000)),
        "optim/grad_norm": 0.4 + abs(noise.gauss(0, 0.25)),
        "speed/tokens_per_s": noise.gauss(23_000, 700),
        "speed/step_ms": abs(noise.gauss(33, 1.5)),
    }
    if step % VALIDATE_EVERY == 0:
        values["val/loss"] = loss + 0.1
        values["val/perplexity"] = math.exp(loss + 0.1)
    return values
