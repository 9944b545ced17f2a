"""Colours that people with any colour vision tell apart, on white and on black."""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

COLORS = (
    "#0c7bdc",
    "#ee7733",
    "#009988",
    "#cc3377",
    "#8866dd",
    "#33aadd",
    "#bb8800",
    "#dd4433",
    "#55993f",
    "#8a8f98",
)
"""Blue and orange first, the pair that stays distinct in every kind of colour blindness."""

_PREFERRED = 8
"""The last two are only for boards with many runs."""


def colors_of(run_ids: Iterable[str]) -> dict[str, str]:
    """A colour for each run: the same one on every page, another one only where two would clash.

    With more runs than colours, colours repeat.
    """
    chosen: dict[str, int] = {}
    for run_id in sorted(set(run_ids)):
        slot = crc32(run_id.encode()) % _PREFERRED
        taken = set(chosen.values()) if len(chosen) < len(COLORS) else set()
        while slot in taken:
            slot = (slot + 1) % len(COLORS)
        chosen[run_id] = slot
    return {run_id: COLORS[slot] for run_id, slot in chosen.items()}
