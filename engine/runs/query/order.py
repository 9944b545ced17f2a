"""Order: runs sorted by anything that they can be asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence

from engine.runs.entry import Entry
from engine.runs.facts import Fact
from engine.runs.query.query import Reading

Key = tuple[int, float, str]


def ordered(entries: Sequence[Entry], read: Reading, *, descending: bool) -> list[Entry]:
    """Sorted runs; equal ones stay in their order, and what is not known comes last either way."""
    known = [(key, entry) for entry in entries if (key := _key(read(entry))) is not None]
    missing = [entry for entry in entries if read(entry) is None]
    known.sort(key=lambda pair: pair[0], reverse=descending)
    return [*(entry for _, entry in known), *missing]


def _key(fact: Fact) -> Key | None:
    """Numbers, NaN behind them, then texts."""
    match fact:
        case None:
            return None
        case bool() | int() | float():
            return (1, 0.0, "") if math.isnan(fact) else (0, float(fact), "")
        case tuple():
            return 2, 0.0, ", ".join(fact).casefold()
        case str():
            return 2, 0.0, fact.casefold()
