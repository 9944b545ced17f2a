"""Several curves as one: their mean with a band, and curves relative to a baseline. Pure numbers.

Runs need not have the same steps. Where one has none it is interpolated linearly between its own
neighbouring points, never before its first point nor behind its last, and never across a value that
is not a number; `runs` says how many each point of a mean is made of.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from components.charts.sampling import Indices, Values, Window, visible_between

BandKind = Literal["std", "range", "stderr"]
"""Sample standard deviation, lowest to highest, or standard error of the mean."""
Relation = Literal["difference", "ratio"]

MOST_EXACT = 400_000
"""Points of all runs in a window up to which the mean is taken at every one of their places."""


class Line(NamedTuple):
    """A curve: ascending x coordinates and a value at each."""

    x: Values
    y: Values


class Band(NamedTuple):
    """The mean of several curves and what lies around it; NaN where that is not known."""

    x: Values
    mean: Values
    low: Values
    high: Values
    runs: Indices
    """How many runs each point is made of."""


def at(line: Line, x: Values) -> Values:
    """The values of a curve at any places; NaN where it has none."""
    if not len(line.x):
        return np.full(len(x), np.nan)
    finite = np.where(np.isfinite(line.y), line.y, np.nan)
    if _begins_with(x, line.x):
        return np.concatenate([finite, np.full(len(x) - len(finite), np.nan)])
    return np.interp(x, line.x, finite, left=np.nan, right=np.nan)


def relative(line: Line, base: Line, relation: Relation) -> Values:
    """The values of a curve less those of the base, or divided by them, at its own places."""
    beside = at(base, line.x)
    if relation == "difference":
        return line.y - beside
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(beside == 0, np.nan, line.y / beside)


def common_places(lines: Sequence[Line], window: Window, edges: Values) -> Values:
    """Where to take the mean of several curves, in ascending order.

    At every place that any of them has; of very many only at those where one of them is at its
    lowest or highest in a pixel column, so that a band from lowest to highest stays what it is.
    """
    inside = [_around(line, window) for line in lines]
    longest = max(inside, key=lambda line: len(line.x)).x
    if len(longest) <= MOST_EXACT and all(_begins_with(longest, line.x) for line in inside):
        return longest
    if sum(len(line.x) for line in inside) > MOST_EXACT:
        chosen = (visible_between(line.x, line.y, window, edges) for line in inside)
        return np.unique(
            np.concatenate([line.x[i] for line, i in zip(inside, chosen, strict=True)])
        )
    return np.unique(np.concatenate([line.x for line in inside]))


def band(lines: Sequence[Line], x: Values, kind: BandKind) -> Band:
    """The mean of the curves at `x` and the band around it.

    A single run has a mean but no standard deviation: there the band is NaN.
    """
    total, squares = np.zeros(len(x)), np.zeros(len(x))
    low, high = np.full(len(x), np.nan), np.full(len(x), np.nan)
    count = np.zeros(len(x), np.int64)
    values = [at(line, x) for line in lines]
    for y in values:
        known = ~np.isnan(y)
        count += known
        total += np.where(known, y, 0.0)
        low, high = np.fmin(low, y), np.fmax(high, y)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(count > 0, total / count, np.nan)
    if kind == "range":
        return Band(x, mean, low, high, count)
    for y in values:
        away = y - mean
        squares += np.where(np.isnan(away), 0.0, away * away)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.where(count > 1, np.sqrt(squares / (count - 1)), np.nan)
        spread = spread / np.sqrt(count) if kind == "stderr" else spread
    return Band(x, mean, mean - spread, mean + spread, count)


def drawn(whole: Band, window: Window, edges: Values) -> Band:
    """The points of a band to draw: every pixel column keeps the extremes of mean and edges."""
    parts = (whole.mean, whole.low, whole.high)
    chosen = np.unique(
        np.concatenate([visible_between(whole.x, part, window, edges) for part in parts])
    )
    return Band(*(part[chosen] for part in whole))


def _begins_with(x: Values, part: Values) -> bool:
    """Whether `part` is the beginning of `x`: runs of one kind mostly have the same steps."""
    return len(part) <= len(x) and np.array_equal(x[: len(part)], part)


def _around(line: Line, window: Window) -> Line:
    """The points in a window and one beyond each end of it."""
    start = max(0, int(np.searchsorted(line.x, window.low, side="left")) - 1)
    stop = int(np.searchsorted(line.x, window.high, side="right")) + 1
    return Line(line.x[start:stop], line.y[start:stop])
