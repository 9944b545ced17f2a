"""What is shown of a run that was imported from elsewhere: where from, and its newest numbers."""

from __future__ import annotations

from collections.abc import Sequence

from engine.runs.run import Run

MOST_READINGS = 6
_TELLING = ("loss", "acc", "perplexity", "f1", "r2", "lr", "learning_rate")
_OF_THE_MACHINE = ("system", "gpu", "_")
"""What the names of metrics begin with that say nothing about the model."""


def place(run: Run) -> str:
    """The source, the file or folder, and the name that the run had there."""
    imported = run.record.imported
    if imported is None:
        return ""
    was = imported.original_name or imported.original_id
    parts = [f"Imported from {imported.source_name}", imported.place]
    return " · ".join(
        [*filter(None, parts), *([f"there {was}"] if was and was != run.name else [])]
    )


def telling(metrics: Sequence[str]) -> list[str]:
    """The metrics that say most about a run whose task is not known: losses first."""

    def rank(metric: str) -> tuple[bool, int, int, str]:
        name = metric.casefold()
        kinds = [place for place, part in enumerate(_TELLING) if part in name]
        return name.startswith(_OF_THE_MACHINE), min(kinds, default=99), len(name), name

    return sorted(metrics, key=rank)[:MOST_READINGS]
