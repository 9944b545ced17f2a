"""Which way a metric is better: from the task that it judges, else from its name."""

from __future__ import annotations

from collections.abc import Iterable

from engine.comparison.chosen import Compared
from engine.directions import mode_by_name
from engine.task_spec import METRICS, Mode, TaskKind


def mode_of(metric: str, runs: Iterable[Compared] = ()) -> Mode | None:
    """Whether lower or higher values are better; None where that is not known.

    A validation metric is judged as the runs' tasks say, any other by its name.
    """
    kinds = {run.record.spec.task.kind for run in runs if run.record.spec is not None}
    modes = {mode for kind in kinds if (mode := _of_task(metric, kind)) is not None}
    if modes:
        return modes.pop() if len(modes) == 1 else None
    return mode_by_name(metric)


def _of_task(metric: str, kind: TaskKind) -> Mode | None:
    prefix, _, name = metric.partition("/")
    return METRICS[kind].get(name) if prefix == "val" else None
