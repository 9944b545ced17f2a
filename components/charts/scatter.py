"""Runs as points: any field over any other, coloured by a third."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from components.charts.columns import Column, Scale, told
from components.charts.confusion import plain
from components.charts.palette import COLORS, colors_of, gradual
from engine.comparison.words import UNKNOWN

_SIZE = 11
_GREY = "#8a8f98"
"""Of points whose colour is not known."""
SCALE = [[n / 8, color] for n, color in enumerate(gradual(9))]
"""From the lowest to the highest number."""


@dataclass(frozen=True, slots=True)
class Scatter:
    """What is drawn: two fields, perhaps a third as colour, of runs by id and name."""

    runs: Mapping[str, str]
    x: Column
    y: Column
    color: Column | None = None
    x_scale: Scale = "auto"
    y_scale: Scale = "auto"

    def drawn(self) -> list[int]:
        """Places of the runs that have both values and fit on the axes."""
        pairs = zip(self.x.places(self.x_scale), self.y.places(self.y_scale), strict=True)
        return [place for place, pair in enumerate(pairs) if None not in pair]

    def hidden(self) -> int:
        """Runs whose point lies exactly under that of another one."""
        x, y = self.x.places(self.x_scale), self.y.places(self.y_scale)
        drawn = self.drawn()
        return len(drawn) - len({(x[place], y[place]) for place in drawn})


def scatter_figure(scatter: Scatter) -> go.Figure:
    """A point for each run that has both values; its id is its `customdata`."""
    drawn = scatter.drawn()
    if scatter.color is None:
        colors = colors_of(scatter.runs)
        ids = list(scatter.runs)
        traces = [_trace(scatter, drawn, {"color": [colors[ids[place]] for place in drawn]})]
    elif scatter.color.numeric:
        traces = _by_number(scatter, drawn, scatter.color)
    else:
        traces = _by_name(scatter, drawn, scatter.color)
    return go.Figure(traces).update_layout(
        height=460,
        margin={"l": 0, "r": 8, "t": 8, "b": 0},
        xaxis=_axis(scatter.x, scatter.x_scale),
        yaxis=_axis(scatter.y, scatter.y_scale),
        showlegend=scatter.color is not None and not scatter.color.numeric,
        legend={"title": {"text": plain(scatter.color.name) if scatter.color else ""}},
        hovermode="closest",
        clickmode="event+select",
        dragmode="zoom",
    )


def _by_number(scatter: Scatter, drawn: Sequence[int], color: Column) -> list[go.Scatter]:
    numbers = color.numbers()
    known = [place for place in drawn if numbers[place] is not None]
    unknown = [place for place in drawn if numbers[place] is None]
    bar = {"title": {"text": plain(color.name), "side": "right"}, "thickness": 12}
    marker = {"color": [numbers[n] for n in known], "colorscale": SCALE, "colorbar": bar}
    traces = [_trace(scatter, known, marker | {"showscale": True})]
    return traces + ([_trace(scatter, unknown, {"color": _GREY})] if unknown else [])


def _by_name(scatter: Scatter, drawn: Sequence[int], color: Column) -> list[go.Scatter]:
    words, traces = color.words(), []
    for n, name in enumerate(color.names()):
        places = [place for place in drawn if words[place] == name]
        if places:
            marker = {"color": COLORS[n % len(COLORS)]}
            traces.append(_trace(scatter, places, marker, name))
    unknown = [place for place in drawn if words[place] is None]
    return traces + ([_trace(scatter, unknown, {"color": _GREY}, UNKNOWN)] if unknown else [])


def _trace(
    scatter: Scatter, places: Sequence[int], marker: Mapping[str, Any], name: str = ""
) -> go.Scatter:
    x, y = scatter.x.places(scatter.x_scale), scatter.y.places(scatter.y_scale)
    ids = list(scatter.runs)
    return go.Scatter(
        x=[_category(x[place]) for place in places],
        y=[_category(y[place]) for place in places],
        mode="markers",
        name=plain(name),
        marker={"size": _SIZE, "opacity": 0.85, **marker},
        customdata=[ids[place] for place in places],
        hovertext=[_told(scatter, place) for place in places],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _category(place: float | str | None) -> float | str | None:
    return plain(place) if isinstance(place, str) else place


def _told(scatter: Scatter, place: int) -> str:
    name = list(scatter.runs.values())[place]
    short = name if len(name) <= 80 else f"{name[:79]}…"
    columns = [scatter.x, scatter.y, *([scatter.color] if scatter.color else [])]
    facts = [f"{plain(one.name)}: {plain(told(one.values[place]))}" for one in columns]
    return "<br>".join([f"<b>{plain(short)}</b>", *facts])


def _axis(column: Column, scale: Scale) -> dict[str, Any]:
    kind = "category" if not column.numeric else "log" if column.logarithmic(scale) else "linear"
    axis: dict[str, Any] = {"title": {"text": plain(column.name)}, "type": kind}
    if kind == "category":
        axis |= {"categoryorder": "array", "categoryarray": [plain(n) for n in column.names()]}
    if kind == "log":
        axis |= {"dtick": 1, "exponentformat": "power"} if _decades(column) > 1 else {}
    return axis


def _decades(column: Column) -> float:
    positive = [number for number in column.numbers() if number is not None and number > 0]
    return max(positive) / min(positive) / 10 if positive else 0.0
