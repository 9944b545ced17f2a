"""Runs as lines through parallel axes, one axis a field."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import plotly.graph_objects as go

from components.charts.columns import Column, log_ticks, ticks
from components.charts.confusion import plain
from components.charts.palette import COLORS
from components.charts.scatter import SCALE
from engine.comparison.words import UNKNOWN

_BELOW = 0.12
"""Where the runs stand that do not have a field: so much of the axis below its lowest value."""
_APART = 0.06
"""Of the axis, between two marks."""
_LONGEST = 22
_MARGINS = {"l": 56, "r": 56, "t": 56, "b": 24}


class Axis(NamedTuple):
    """A field as an axis: where each run is on it, and what is written where."""

    label: str
    at: tuple[float, ...]
    tick_at: tuple[float, ...]
    tick_text: tuple[str, ...]
    low: float
    high: float


def axis_of(column: Column) -> Axis:
    """Numbers on a linear or logarithmic axis, names one above the other, the unknown below."""
    if not column.numeric:
        return _of_names(column)
    log = column.logarithmic()
    numbers = [_turned(number, log) for number in column.numbers()]
    known = [number for number in numbers if number is not None]
    if not known:
        return Axis(column.name, (0.0,) * len(numbers), (0.0,), (UNKNOWN,), -0.5, 0.5)
    low, high = min(known), max(known)
    marks = log_ticks(10**low, 10**high) if log else ticks(low, high)
    places = _with_ends([math.log10(mark) if log else mark for mark in marks], low, high)
    words = [f"{10**place if log else place:.4g}" for place in places]
    return _with_unknown(column.name, numbers, places, words)


def parallel_figure(columns: Sequence[Column], color: Column | None = None) -> go.Figure:
    """A line for each run; `color` must be known of all of them, see `colored`."""
    line: dict[str, Any] = {"color": COLORS[0]}
    if color is not None:
        axis = axis_of(color)
        bar = {"title": {"text": plain(color.name), "side": "right"}, "thickness": 12}
        bar |= {"tickvals": axis.tick_at, "ticktext": _plain(axis.tick_text)}
        line = {"color": axis.at, "colorscale": SCALE, "showscale": True, "colorbar": bar}
    dimensions = [
        {
            "label": plain(_short(axis.label)),
            "values": axis.at,
            "tickvals": axis.tick_at,
            "ticktext": _plain(axis.tick_text),
            "range": (axis.low, axis.high),
        }
        for axis in map(axis_of, columns)
    ]
    return go.Figure(go.Parcoords(dimensions=dimensions, line=line)).update_layout(
        height=460, margin=_MARGINS
    )


def colored(color: Column) -> list[int]:
    """Places of the runs whose colour is known."""
    known = color.numbers() if color.numeric else color.words()
    return [place for place, value in enumerate(known) if value is not None]


def _turned(number: float | None, log: bool) -> float | None:
    return math.log10(number) if log and number is not None else number


def _with_ends(places: Sequence[float], low: float, high: float) -> list[float]:
    """Marks with both ends of the axis, without those that are too close to an end."""
    apart = _APART * (high - low)
    inner = [place for place in places if low + apart < place < high - apart]
    return [low, *inner, high] if low < high else [low]


def _of_names(column: Column) -> Axis:
    names, words = column.names(), column.words()
    at = [None if word is None else float(names.index(word)) for word in words]
    return _with_unknown(column.name, at, [float(n) for n in range(len(names))], names)


def _with_unknown(
    label: str, at: Sequence[float | None], tick_at: Sequence[float], text: Sequence[str]
) -> Axis:
    known = [place for place in at if place is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    span = high - low or 1.0
    if low == high:
        low, high = low - 0.5, high + 0.5
    if len(known) == len(at):
        return Axis(label, tuple(known), tuple(tick_at), tuple(text), low, high)
    below = low - _BELOW * span
    places = tuple(below if place is None else place for place in at)
    return Axis(label, places, (below, *tick_at), (UNKNOWN, *text), below, high)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"…{text[1 - _LONGEST :]}"


def _plain(texts: Sequence[str]) -> list[str]:
    return [plain(_short(text)) for text in texts]
