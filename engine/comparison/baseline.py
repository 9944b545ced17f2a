"""A value beside that of the run which the others are measured against."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from engine.task_spec import Mode

Verdict = Literal["better", "worse", "same"]


class Relative(NamedTuple):
    """A value as against the baseline's. What cannot be known is None."""

    difference: float | None
    percent: float | None
    """Of the size of the baseline's value, which must not be 0."""
    verdict: Verdict | None


def relative(value: float | None, base: float | None, mode: Mode | None) -> Relative:
    """How far a value lies from the baseline's and whether that is better."""
    if value is None or base is None or not (math.isfinite(value) and math.isfinite(base)):
        return Relative(None, None, None)
    difference = value - base
    percent = 100 * difference / abs(base) if base else None
    return Relative(_known(difference), _known(percent), _verdict(difference, mode))


def _known(number: float | None) -> float | None:
    """The number; None for one beyond all numbers."""
    return number if number is not None and math.isfinite(number) else None


def _verdict(difference: float, mode: Mode | None) -> Verdict | None:
    if not difference:
        return "same"
    if mode is None:
        return None
    return "better" if (difference < 0) == (mode == "min") else "worse"
