"""Pictures of what a health check measured: curves, bars, and tables as colours."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from components.charts.confusion import plain
from components.charts.palette import COLORS
from engine.health.report import Bars, Figure, Heat, Lines, Value

_SCALES = {False: ("#f3f5f8", "#0c5fb0"), True: ("#1c222b", "#4fa3f0")}
"""From the lowest to the highest, on a light and on a dark page."""
_LONG_NAME, _LONGEST_NAME = 9, 34
_BAR_PX, _TALLEST_PX = 18, 900
_GREY = "#8a8f98"


def finding_figure(figure: Figure, *, dark: bool) -> go.Figure:
    """The picture; values that are no finite numbers are gaps, as `left_out` counts."""
    match figure:
        case Lines():
            return _lines(figure)
        case Bars():
            return _bars(figure)
        case Heat():
            return _heat(figure, dark=dark)


def left_out(figure: Figure) -> int:
    """How many of its values are no finite numbers, or cannot be on its axis."""
    match figure:
        case Lines():
            values = [y for curve in figure.curves for y in curve.y]
            return sum(_on_axis(y, figure.log_y) is None for y in values)
        case Bars():
            return sum(_on_axis(value, figure.log_y) is None for value in figure.values)
        case Heat():
            return sum(_number(value) is None for row in figure.rows for value in row)


def _lines(figure: Lines) -> go.Figure:
    drawn = go.Figure()
    for number, curve in enumerate(figure.curves):
        few = len(curve.x) <= 40
        drawn.add_trace(
            go.Scatter(
                x=np.array(curve.x, float),
                y=_axis(curve.y, figure.log_y),
                name=plain(curve.name),
                mode="lines+markers" if few else "lines",
                line={"color": COLORS[number % len(COLORS)], "width": 2},
                connectgaps=False,
            )
        )
    _bound(drawn, figure.bounds, "y", log=figure.log_y)
    drawn.update_layout(
        height=300,
        xaxis={"title": plain(figure.x_title), "type": "log" if figure.log_x else "linear"},
        yaxis={"title": plain(figure.y_title), "type": "log" if figure.log_y else "linear"},
        showlegend=len(figure.curves) > 1,
    )
    return _common(drawn, figure.title)


def _bars(figure: Bars) -> go.Figure:
    """Upright, or lying where the names are long."""
    names = [plain(name) for name in figure.names]
    values = _axis(figure.values, figure.log_y)
    lying = max(map(len, names), default=0) > _LONG_NAME or len(names) > 24
    scale = {"title": plain(figure.y_title), "type": "log" if figure.log_y else "linear"}
    places = list(range(len(names)))
    short = [_short(name) for name in names]
    ticks = {"tickvals": places, "ticktext": short, "showgrid": False}
    bar = go.Bar(
        x=values if lying else places,
        y=places if lying else values,
        orientation="h" if lying else "v",
        marker={"color": COLORS[0]},
        customdata=names,
        hovertemplate="%{customdata}: %{" + ("x" if lying else "y") + ":.3g}<extra></extra>",
    )
    drawn = go.Figure(bar)
    _bound(drawn, figure.bounds, "x" if lying else "y", log=figure.log_y)
    if lying:
        ticks |= {"autorange": "reversed"}
        height = min(_TALLEST_PX, 90 + _BAR_PX * len(names))
        drawn.update_layout(height=height, xaxis=scale, yaxis=ticks)
    else:
        drawn.update_layout(height=300, xaxis=ticks, yaxis=scale)
    return _common(drawn, figure.title)


def _heat(figure: Heat, *, dark: bool) -> go.Figure:
    rows = [
        [math.nan if (v := _number(value)) is None else v for value in row] for row in figure.rows
    ]
    heat = go.Heatmap(
        x=np.array(figure.x, float),
        y=np.array(figure.y, float),
        z=np.array(rows, np.float32),
        colorscale=[[0, _SCALES[dark][0]], [1, _SCALES[dark][1]]],
        colorbar={"thickness": 10, "outlinewidth": 0, "exponentformat": "e"},
        hoverongaps=False,
        hovertemplate="%{x}, %{y}: %{z:.3g}<extra></extra>",
    )
    drawn = go.Figure(heat).update_layout(
        height=340,
        xaxis={"title": plain(figure.x_title), "showgrid": False, "zeroline": False},
        yaxis={
            "title": plain(figure.y_title),
            "showgrid": False,
            "zeroline": False,
            "autorange": "reversed",
        },
    )
    return _common(drawn, figure.title)


def _bound(drawn: go.Figure, bounds: Mapping[str, float], axis: str, *, log: bool) -> None:
    """Dotted lines across the picture. Words on a logarithmic axis stand at the logarithm."""
    for name, value in bounds.items():
        if log and value <= 0:
            continue
        line = {"color": COLORS[7], "dash": "dot", "width": 1.5}
        place = math.log10(value) if log else value
        words = {"text": plain(name), "font": {"size": 11}, "showarrow": False}
        if axis == "y":
            drawn.add_shape(xref="paper", x0=0, x1=1, y0=value, y1=value, line=line)
            drawn.add_annotation(xref="paper", x=1, y=place, yanchor="bottom", **words)
        else:
            drawn.add_shape(yref="paper", y0=0, y1=1, x0=value, x1=value, line=line)
            drawn.add_annotation(yref="paper", y=1, x=place, yanchor="bottom", **words)


def _common(drawn: go.Figure, title: str) -> go.Figure:
    return drawn.update_layout(
        title={"text": plain(title), "font": {"size": 14}},
        margin={"l": 0, "r": 8, "t": 40, "b": 0},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
    )


def _axis(values: Sequence[Value], log: bool) -> np.ndarray:
    return np.array(
        [math.nan if (number := _on_axis(v, log)) is None else number for v in values], float
    )


def _on_axis(value: Value, log: bool) -> float | None:
    number = _number(value)
    return None if number is None or (log and number <= 0) else number


def _number(value: Value) -> float | None:
    return None if value is None or isinstance(value, str) else float(value)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"…{name[-(_LONGEST_NAME - 1) :]}"
