"""Order: runs sorted by anything that they can be asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from engine.runs.entry import Entry
from engine.runs.facts import Fact
from engine.runs.query.query import Reading

Key = tuple[int, float, str]


def ordered(entries: Sequence[Entry], read: Reading, *, descending: bool) -> list[Entry]:
    """Sorted runs; equal ones stay in their order.

    NaN, and behind it what is not known, come last either way: neither is highest.
    """
    keyed = [(_key(read(entry)), entry) for entry in entries]
    known = [(key, entry) for key, entry in keyed if isinstance(key, tuple)]
    known.sort(key=lambda pair: pair[0], reverse=descending)
    last = [[entry for key, entry in keyed if key == kind] for kind in ("nan", "unknown")]
    return [*(entry for _, entry in known), *last[0], *last[1]]


def _key(fact: Fact) -> Key | Literal["nan", "unknown"]:
    """Numbers, then texts; what has no place among them by its kind."""
    match fact:
        case None:
            return "unknown"
        case bool() | int() | float():
            return "nan" if math.isnan(fact) else (0, float(fact), "")
        case tuple():
            return 1, 0.0, ", ".join(fact).casefold()
        case str():
            return 1, 0.0, fact.casefold()
