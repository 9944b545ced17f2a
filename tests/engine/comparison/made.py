"""Runs for comparisons, made without training."""

from __future__ import annotations

import numpy as np

from engine.comparison import Compared, chosen
from engine.frozen import with_changes
from engine.runs.run import Labels, Run
from engine.runs.series import RECORD, MetricFiles
from engine.runs.state import RunState
from engine.runs.store import RunStore
from tests import fabricate


def run_with(
    store: RunStore,
    metrics: dict[str, list[float]] | None = None,
    *,
    labels: Labels | None = None,
    spec=fabricate.TEXT,
    **changes: object,
) -> Run:
    """A completed run with these values at the steps 1, 2, 3; `model__layers=2` sets a field."""
    run = store.create(with_changes(spec, {k.replace("__", "."): v for k, v in changes.items()}))
    log(run, metrics or {})
    run.write_state(RunState(status="completed", attempt=1, step=3, total_steps=3, device="cpu"))
    if labels is not None:
        run.write_labels(labels)
    return run


def log(run: Run, metrics: dict[str, list[float]], *, after: int = 0) -> None:
    """Append values at the steps after that one."""
    files = MetricFiles(run.metrics_folder)
    for metric, values in metrics.items():
        points = [(after + n, float(n), value) for n, value in enumerate(values, start=1)]
        files.append(metric, np.array(points, RECORD))
    files.close()


def compared(store: RunStore, *runs: Run) -> tuple[Compared, ...]:
    """The runs as they are compared."""
    found = chosen(store, [run.id for run in runs])
    assert not found.left_out
    return found.runs
