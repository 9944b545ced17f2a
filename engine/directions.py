"""Which way a metric is better, as its name alone tells."""

from __future__ import annotations

from engine.task_spec import METRICS, Mode

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


def mode_by_name(metric: str) -> Mode | None:
    """Whether lower or higher values are better; None where the name does not tell.

    A name that an imported run has is judged by its last word, as in `eval_loss`.
    """
    name = metric.rpartition("/")[2].casefold()
    return _KNOWN.get(name) or _KNOWN.get(name.rpartition("_")[2])
