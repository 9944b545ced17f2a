"""Columns of runs for pictures: numbers or names, on a linear or logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from components.numbers import shown_number
from engine.comparison.words import shown
from engine.runs.facts import Fact

Scale = Literal["auto", "linear", "log"]

_LOG_FROM = 10.0
"""Highest by lowest value from which an axis is logarithmic by itself."""
_UNKNOWN = (None, "", ())


@dataclass(frozen=True, slots=True)
class Column:
    """One field in every run, in their order. Unknown is None."""

    name: str
    values: tuple[Fact, ...]

    @property
    def numeric(self) -> bool:
        """Whether all that is known are numbers."""
        known = [value for value in self.values if value not in _UNKNOWN]
        return bool(known) and all(_is_number(value) for value in known)

    def numbers(self) -> list[float | None]:
        """The finite numbers; None for all else."""
        return [
            float(value)
            if isinstance(value, int | float) and _is_number(value) and math.isfinite(value)
            else None
            for value in self.values
        ]

    def words(self) -> list[str | None]:
        """The values as names; None for what is not known."""
        return [None if value in _UNKNOWN else shown(value) for value in self.values]

    def names(self) -> list[str]:
        """The different values in words, in alphabetic order."""
        return sorted({word for word in self.words() if word is not None})

    def logarithmic(self, scale: Scale = "auto") -> bool:
        """Whether the axis is logarithmic: as asked, else where positive numbers span decades."""
        finite = [number for number in self.numbers() if number is not None]
        if not self.numeric or not finite or scale == "linear":
            return False
        return scale == "log" or (min(finite) > 0 and max(finite) / min(finite) >= _LOG_FROM)

    def places(self, scale: Scale = "auto") -> list[float | str | None]:
        """Where each run is on an axis; None where it cannot be on it."""
        if not self.numeric:
            return list(self.words())
        log = self.logarithmic(scale)
        return [None if n is None or (log and n <= 0) else n for n in self.numbers()]


def told(fact: Fact) -> str:
    """A fact for those who point at it: a number in six digits, all else in its word."""
    return shown_number(fact, 6) if isinstance(fact, float) else shown(fact)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers from `low` to `high`, at most so many; the number itself where both are one."""
    if not low < high:
        return [low]
    rough = (high - low) / (most - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [step * n for n in range(first, last + 1)]


def log_ticks(low: float, high: float) -> Sequence[float]:
    """Powers of ten from `low` to `high`; both ends where there are fewer than two."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    powers = [10.0**n for n in range(first, last + 1)]
    return powers if len(powers) > 1 else sorted({low, high})


def _is_number(value: Fact) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
