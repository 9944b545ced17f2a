"""The curves of a report: so few points that a page holds them, so chosen that no spike is lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from components.charts.sampling import Indices, Values, Window, visible
from components.charts.smoothing import smoothed
from engine.runs.series import Series

COLUMNS = 512
"""Pixel columns of a curve at most; each keeps its first, lowest, highest and last point."""
MOST_POINTS = 72_000
"""In all curves together; about ten bytes each."""

_PARTS = 200
"""A smoothed curve is an average over about one of so many parts of the points."""
_LEAST_WEIGHT = 0.6
_FEWEST = 20
"""Points from which smoothing says more than the points do."""


class Drawn(NamedTuple):
    """Points as they are drawn."""

    x: Indices
    y: Values


@dataclass(frozen=True, slots=True)
class Line:
    """One curve of a chart; `raw` is what was measured, `smooth` lies over it."""

    label: str
    color: str
    raw: Drawn
    smooth: Drawn | None = None
    points: int = 0
    """How many were measured."""
    weight: float = 0.0
    """Of the smoothing."""
    run: int = 0
    """Number of the run it belongs to."""
    shuffled: bool = False
    """Whether the points were not in the order of their steps: a file that others wrote into."""

    @property
    def size(self) -> int:
        return len(self.raw.x) + (0 if self.smooth is None else len(self.smooth.x))


def line_of(series: Series, label: str, color: str, *, smooth: bool, run: int = 0) -> Line:
    """The curve of a series."""
    step, value, shuffled = series.step, series.value, bool(np.any(np.diff(series.step) < 0))
    if shuffled:
        order = np.argsort(step, kind="stable")
        step, value = step[order], value[order]
    line = Line(label, color, _drawn(step, value), points=len(step), run=run, shuffled=shuffled)
    if not smooth or len(step) < _FEWEST:
        return line
    weight = weight_for(len(step))
    return replace(line, smooth=_drawn(step, smoothed(value, weight)), weight=weight)


def weight_for(points: int) -> float:
    """The smoothing that is calm at any length."""
    return max(_LEAST_WEIGHT, 1 - _PARTS / points)


def thinned(lines: Sequence[Line], most: int = MOST_POINTS) -> list[Line]:
    """The same curves with at most so many points, if need be with half as many columns.

    Two columns have no other extremes than the column that covers both: nothing is lost but width.
    """
    columns, thin = COLUMNS, list(lines)
    while sum(line.size for line in thin) > most and columns > 1:
        columns //= 2
        thin = [_with_columns(line, columns) for line in thin]
    return thin


def extent(lines: Iterable[Line]) -> Window | None:
    """From the first step of any curve to the last."""
    ends = [(int(line.raw.x[0]), int(line.raw.x[-1])) for line in lines if len(line.raw.x)]
    if not ends:
        return None
    return Window(min(low for low, _ in ends), max(high for _, high in ends))


def strange(points: Drawn) -> list[tuple[int, str]]:
    """Where a value was not a number, or infinite: `nan`, `up` or `down`."""
    places = np.flatnonzero(~np.isfinite(points.y))
    return [(int(points.x[at]), _kind(float(points.y[at]))) for at in places]


def alone(points: Drawn) -> NDArray[np.bool_]:
    """The points that a line does not show: finite ones without finite neighbours."""
    finite = np.isfinite(points.y)
    beside = np.zeros(len(finite), np.bool_)
    beside[1:] |= finite[:-1]
    beside[:-1] |= finite[1:]
    return finite & ~beside


def _kind(value: float) -> str:
    return "nan" if np.isnan(value) else "up" if value > 0 else "down"


def _with_columns(line: Line, columns: int) -> Line:
    smooth = None if line.smooth is None else _drawn(*line.smooth, columns)
    return replace(line, raw=_drawn(*line.raw, columns), smooth=smooth)


def _drawn(step: Indices, value: Values, columns: int = COLUMNS) -> Drawn:
    if not len(step):
        return Drawn(step, value)
    chosen = visible(step, value, Window(int(step[0]), int(step[-1])), columns)
    return Drawn(step[chosen], value[chosen])
