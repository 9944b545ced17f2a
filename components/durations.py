"""Spans of time as people read them."""

from __future__ import annotations

from components import readable
from components.numbers import DASH


def shown_duration(seconds: float | None) -> str:
    """One or two units; a dash for None."""
    if seconds is None:
        return DASH
    if seconds >= 86_400:
        return f"{int(seconds // 86_400)} d {int(seconds % 86_400 // 3600)} h"
    return readable.duration(max(0.0, seconds))


def clock_duration(seconds: float | None) -> str:
    """`h:mm:ss`, for columns."""
    if seconds is None:
        return DASH
    whole = max(0, round(seconds))
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def shown_age(seconds: float | None) -> str:
    """How long ago, in one unit."""
    if seconds is None:
        return DASH
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"
