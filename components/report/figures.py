"""The charts of a report as Plotly reads them: plain data, arrays as they are in memory."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.charts.marks import Drawn as DrawnMark
from components.report.contents import Chart
from components.report.lines import Drawn, Line, alone, strange

Trace = dict[str, Any]
Figure = dict[str, Any]

MARK_COLORS = {"calm": "#8a8f98", "warning": "#d98e04", "bad": "#d93651", "best": "#2f9e44"}
_MARK_SYMBOLS = {"calm": "diamond", "warning": "triangle-down", "bad": "x", "best": "star"}
_STRANGE = {
    "nan": ("x-thin-open", 0.03, "NaN"),
    "up": ("triangle-up", 0.97, "∞"),
    "down": ("triangle-down", 0.03, "-∞"),
}
_FEW = 40
"""Points of a line that are drawn one by one, too."""
_MOST_TOLD = 8
"""Lines whose values are told together."""
HEIGHT, TALL = 240, 320
_MARGIN = {"l": 58, "r": 12, "t": 10, "b": 38}
_AIR = 0.01


def figure_of(chart: Chart, *, tall: bool = False, by_run: bool = False) -> Figure:
    """A chart with traces and layout; colours of text and grid come from the page.

    `meta` of a trace is the number of its line in the chart, or with `by_run` of its run.
    """
    told = len(chart.lines) <= _MOST_TOLD
    data = [
        *(
            {**trace, "meta": line.run if by_run else number}
            for number, line in enumerate(chart.lines)
            for trace in _traces(line)
        ),
        *_mark_traces(chart.marks),
    ]
    low, high = chart.window
    air = _AIR * (high - low) or 1
    kind = "log" if chart.log and _can_be_log(chart.lines) else "linear"
    layout = {
        "height": TALL if tall else HEIGHT,
        "margin": _MARGIN,
        "showlegend": False,
        "hovermode": "x unified" if told else "closest",
        "xaxis": {"range": [low - air, high + air], "title": {"text": "step"}, "zeroline": False},
        "yaxis": {"type": kind, "zeroline": False, "exponentformat": "e"},
        "yaxis2": {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True},
    }
    return {"data": data, "layout": layout}


def packed(array: NDArray[Any]) -> dict[str, str]:
    """An array as Plotly unpacks it: its type, and its bytes as text."""
    kind = array.dtype.newbyteorder("<")
    bdata = base64.b64encode(array.astype(kind, copy=False).tobytes()).decode()
    return {"dtype": array.dtype.str[1:], "bdata": bdata}


def _can_be_log(lines: Sequence[Line]) -> bool:
    """Whether a logarithmic axis has something to show."""
    return any(bool(np.any(line.raw.y > 0)) for line in lines)


def _traces(line: Line) -> Iterator[Trace]:
    name = html.escape(line.label, quote=False)
    told = {"hovertemplate": f"%{{y:.5~g}}<extra>{_untemplated(name)}</extra>"}
    style = {"type": "scatter", "mode": "lines", "name": name}
    main = 1.6 if line.smooth is None else 1
    raw = {**style, **told, **_points(line.raw), "line": {"color": line.color, "width": main}}
    yield raw if line.smooth is None else {**raw, "opacity": 0.3}
    if line.smooth is not None:
        stroke = {"color": line.color, "width": 2}
        yield {**style, **_points(line.smooth), "line": stroke, "hoverinfo": "skip"}
    yield from _dots(line, style)
    yield from _edges(line, style)


def _dots(line: Line, style: Trace) -> Iterator[Trace]:
    """The points that a line alone would not show: all of a few, else those without neighbours."""
    finite = np.isfinite(line.raw.y)
    chosen = finite if len(line.raw.x) <= _FEW else alone(line.raw)
    if chosen.any():
        points = _points(Drawn(line.raw.x[chosen], line.raw.y[chosen]))
        marker = {"color": line.color, "size": 5}
        yield {**style, **points, "mode": "markers", "marker": marker, "hoverinfo": "skip"}


def _edges(line: Line, style: Trace) -> Iterator[Trace]:
    """Values that are not finite have no height: they are marked where they happened."""
    found = strange(line.raw)
    if not found:
        return
    looks = [_STRANGE[kind] for _, kind in found]
    marker = {"color": line.color, "size": 8, "symbol": [look[0] for look in looks]}
    yield {
        **style,
        "x": [at for at, _ in found],
        "y": [look[1] for look in looks],
        "text": [look[2] for look in looks],
        "mode": "markers",
        "marker": {**marker, "line": {"color": line.color, "width": 2}},
        "hovertemplate": f"%{{text}}<extra>{_untemplated(style['name'])}</extra>",
        "yaxis": "y2",
    }


def _mark_traces(marks: Sequence[DrawnMark]) -> Iterator[Trace]:
    """Thin lines from the bottom to the top, one trace a tone, and a symbol at the top of each."""
    style: Trace = {"type": "scatter", "yaxis": "y2", "meta": -1, "hoverinfo": "skip"}
    for tone in dict.fromkeys(mark.tone for mark in marks):
        own = [mark for mark in marks if mark.tone == tone]
        color = MARK_COLORS[tone]
        x = [place for mark in own for place in (mark.x, mark.x, None)]
        y = [place for _ in own for place in (0, 1, None)]
        line = {"color": color, "width": 1, "dash": "dot"}
        yield {**style, "x": x, "y": y, "mode": "lines", "opacity": 0.6, "line": line}
        yield {
            **style,
            "x": [mark.x for mark in own],
            "y": [0.985] * len(own),
            "mode": "markers",
            "cliponaxis": False,
            "marker": {"color": color, "size": 8, "symbol": _MARK_SYMBOLS[tone]},
            "text": [html.escape(mark.text, quote=False) for mark in own],
            "hoverinfo": "text",
        }


def _points(points: Drawn) -> Trace:
    """Coordinates; what is not finite is a gap."""
    small = not len(points.x) or (points.x.min() > -(2**31) and points.x.max() < 2**31)
    x = points.x.astype(np.int32 if small else np.float64)
    return {"x": packed(x), "y": packed(_narrow(np.where(np.isfinite(points.y), points.y, np.nan)))}


def _narrow(values: NDArray[np.float64]) -> NDArray[np.float32] | NDArray[np.float64]:
    """Half the bytes, unless numbers become infinite or zero by that."""
    with np.errstate(over="ignore", under="ignore"):
        half = values.astype(np.float32)
    same = np.array_equal(np.isfinite(half), np.isfinite(values))
    return half if same and np.array_equal(half == 0, values == 0) else values


def _untemplated(name: str) -> str:
    """A name in which Plotly finds no variables."""
    return name.replace("%{", "%\u2060{")
