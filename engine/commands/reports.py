"""What is known about a run, as plain data for JSON and as lines to read."""

from __future__ import annotations

from typing import Any

from engine.commands.console import number, printable
from engine.runs.run import Run
from engine.runs.state import RunState


def facts_of(run: Run) -> dict[str, Any]:
    """Id, status, progress and the newest value of each metric. Unknown is None.

    Raises:
        DamagedRun: when its spec or state cannot be read.
    """
    state, labels = run.state(), run.labels()
    best = state.best
    return {
        "run_id": run.id,
        "name": run.name,
        "tags": list(labels.tags),
        "status": state.status,
        "reason": state.reason,
        "step": state.step,
        "total_steps": state.total_steps,
        "epoch": number(state.epoch),
        "trained_s": number(state.trained_s),
        "created_at": run.record.created_at,
        "started_at": state.started_at,
        "ended_at": state.ended_at,
        "origin": None if run.record.origin is None else run.record.origin.model_dump(mode="json"),
        "best": best and {"metric": best.metric, "value": number(best.value), "step": best.step},
        "metrics": {name: number(value) for name, value in newest(run).items()},
        "folder": str(run.folder),
    }


def newest(run: Run) -> dict[str, float]:
    """The newest value of each metric that was logged."""
    return {name: last[1] for name in run.metrics() if (last := run.last(name)) is not None}


def metrics_text(run: Run) -> list[str]:
    """One aligned line for each metric with its newest value."""
    values = newest(run)
    width = max((len(printable(name)) for name in values), default=0)
    return [f"  {printable(name):<{width}}  {value:.6g}" for name, value in values.items()]


def origin_text(run: Run) -> list[str]:
    """One line about where the run comes from; none when it began here, at step 0."""
    origin, imported = run.record.origin, run.record.imported
    if imported is not None:
        return [f"imported from {imported.source_name} ({printable(imported.place)})"]
    if origin is None:
        return []
    fresh = ", with a fresh optimizer" if origin.fresh_optimizer else ""
    return [f"{origin.what} of {origin.run_id} at step {origin.step}{fresh}"]


def table(heading: list[str], rows: list[list[str]]) -> list[str]:
    """Aligned lines; a long cell in the last column moves nothing."""
    widths = [max(map(len, column)) for column in zip(heading, *rows, strict=True)]
    widths[-1] = 0
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (heading, *rows)
    ]


def progress_of(state: RunState) -> str:
    """`step/total`, with '?' where the total is not known yet."""
    return f"{state.step}/{'?' if state.total_steps is None else state.total_steps}"
