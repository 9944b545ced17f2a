"""Which way a metric is better: from the task that it judges, else from its name."""

from __future__ import annotations

from collections.abc import Iterable

from engine.comparison.chosen import Compared
from engine.task_spec import METRICS, Mode, TaskKind

_OTHERS: dict[str, Mode] = {
    "tokens_per_s": "max",
    "samples_per_s": "max",
    "step_ms": "min",
    "mfu": "max",
    "process_mb": "min",
    "gpu_mb": "min",
}
"""What is measured beside the validation."""

_KNOWN: dict[str, Mode] = {name: mode for modes in METRICS.values() for name, mode in modes.items()}
_KNOWN |= _OTHERS


def mode_of(metric: str, runs: Iterable[Compared] = ()) -> Mode | None:
    """Whether lower or higher values are better; None where that is not known.

    A validation metric is judged as the runs' tasks say. One that an imported run calls otherwise
    is judged by the last word of its name, as in `eval_loss`.
    """
    kinds = {run.record.spec.task.kind for run in runs if run.record.spec is not None}
    modes = {mode for kind in kinds if (mode := _of_task(metric, kind)) is not None}
    if modes:
        return modes.pop() if len(modes) == 1 else None
    name = metric.rpartition("/")[2].casefold()
    return _KNOWN.get(name) or _KNOWN.get(name.rpartition("_")[2])


def _of_task(metric: str, kind: TaskKind) -> Mode | None:
    prefix, _, name = metric.partition("/")
    return METRICS[kind].get(name) if prefix == "val" else None
