"""How runs of a group spread, and whether groups differ by more than their spread."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

CONFIDENCE = 0.95
"""Of the confidence intervals."""

MOST_GROUPS = 12
"""Groups of which each is tested against each other; of more, so many pairs say nothing."""

FEW = "not enough seeds"
ALIKE = "no spread to test against"
HUGE = "the values are too large to compute with"


class Spread(NamedTuple):
    """A group's values of one metric. What one value, or no number, can tell is None."""

    n: int
    mean: float
    std: float | None
    """Of a sample: divided by n - 1."""
    low: float
    high: float

    @property
    def stderr(self) -> float | None:
        """Standard error of the mean."""
        return None if self.std is None else self.std / math.sqrt(self.n)


class Welch(NamedTuple):
    """The outcome of Welch's t-test of two groups."""

    low: float
    """Lower end of the confidence interval of the difference of the means."""
    high: float
    p: float
    """How likely a difference as large is where both groups have one mean."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two groups beside each other. Without a test, `why_not` says why."""

    left: str
    right: str
    n: tuple[int, int]
    difference: float | None
    """Mean of the right less mean of the left."""
    test: Welch | None = None
    adjusted_p: float | None = None
    """By Holm, for all pairs that were tested together."""
    why_not: str = ""


def spread(values: Sequence[float]) -> Spread | None:
    """Number, mean, standard deviation and ends; None without values. All must be finite."""
    if not len(values):
        return None
    array = np.sort(np.asarray(values, float))  # sorted, so that no order changes the last bit
    if len(array) > 1 and array[0] == array[-1]:  # rounding would give equal values a deviation
        return Spread(len(array), float(array[0]), 0.0, float(array[0]), float(array[-1]))
    _, power = np.frexp(np.abs(array).max())
    small = np.ldexp(array, -power)  # the same digits, whose squares and sum are numbers too
    std = _times_two_to(float(small.std(ddof=1)), int(power)) if len(array) > 1 else None
    mean = math.ldexp(float(small.mean()), int(power))
    return Spread(len(array), mean, std, float(array[0]), float(array[-1]))


def _times_two_to(number: float, power: int) -> float | None:
    """The number times a power of two; None where that is more than a number can be."""
    try:
        return math.ldexp(number, power)
    except OverflowError:
        return None


def pairs(values: Mapping[str, Sequence[float]]) -> tuple[Pair, ...]:
    """Every pair of groups, tested where each has two values or more, in the order of groups."""
    spreads = {label: spread(group) for label, group in values.items()}
    found = [_pair((a, spreads[a]), (b, spreads[b])) for a, b in combinations(values, 2)]
    tested = [pair.test.p for pair in found if pair.test is not None]
    adjusted = iter(holm(tested))
    return tuple(
        pair
        if pair.test is None
        else Pair(pair.left, pair.right, pair.n, pair.difference, pair.test, next(adjusted))
        for pair in found
    )


def welch(left: Spread, right: Spread) -> Welch | None:
    """Welch's t-test of `right` against `left`; None where neither has a spread."""
    from scipy import stats  # late: it takes long to import, and most pages need none of it

    errors = [side.stderr or 0.0 for side in (left, right)]
    error = math.hypot(*errors)
    if not error:
        return None
    shares = [(part / error) ** 2 for part in errors]
    freedom = 1 / sum(
        share**2 / (side.n - 1) for share, side in zip(shares, (left, right), strict=True)
    )
    difference = right.mean - left.mean
    width = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) * error
    p = 2 * float(stats.t.sf(abs(difference) / error, freedom))
    return Welch(difference - width, difference + width, p)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values, adjusted for their number by Holm's method, in the given order."""
    adjusted, highest = [0.0] * len(p_values), 0.0
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return adjusted


def _pair(left: tuple[str, Spread | None], right: tuple[str, Spread | None]) -> Pair:
    (a, one), (b, other) = left, right
    n = (one.n if one else 0, other.n if other else 0)
    if one is None or other is None:
        return Pair(a, b, n, None, why_not=FEW)
    difference = other.mean - one.mean
    if min(n) < 2:
        return Pair(a, b, n, difference, why_not=FEW)
    if one.std is None or other.std is None or not math.isfinite(difference):
        return Pair(a, b, n, None, why_not=HUGE)
    test = welch(one, other)
    return Pair(a, b, n, difference, test, why_not="" if test else ALIKE)
