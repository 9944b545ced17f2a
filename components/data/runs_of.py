"""The runs that were made with datasets."""

from __future__ import annotations

from collections.abc import Sequence

from components import session
from engine.runs.entry import Entry

_FACT = "data.dataset"


def by_dataset() -> dict[str, list[Entry]]:
    """Fingerprint -> its runs, the newest first."""
    found: dict[str, list[Entry]] = {}
    for entry in session.store().index.entries():
        fingerprint = entry.facts.get(_FACT)
        if isinstance(fingerprint, str):
            found.setdefault(fingerprint, []).append(entry)
    return found


def of(fingerprint: str) -> Sequence[Entry]:
    """The runs of one dataset."""
    return by_dataset().get(fingerprint, ())
