"""How values of a column are distributed: as bars, named or numbered."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from components.charts.palette import COLORS

_MARGIN = {"l": 0, "r": 8, "t": 8, "b": 0}
_BAR_PX, _LEAST_PX = 24, 110
_LONGEST = 32


def named_figure(names: Sequence[str], counts: Sequence[int], what: str) -> go.Figure:
    """A bar for each name, the first one on top; `what` is counted."""
    shown = [name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…" for name in names]
    bars = go.Bar(
        y=list(range(len(names))),
        x=list(counts),
        orientation="h",
        marker={"color": COLORS[0], "line": {"width": 0}},
        customdata=list(names),
        text=[f"{count:,}" for count in counts],
        textposition="auto",
        cliponaxis=False,
        hovertemplate="%{customdata}: %{x:,}<extra></extra>",
    )
    ticks = {"tickvals": list(range(len(names))), "ticktext": shown, "autorange": "reversed"}
    return go.Figure(bars).update_layout(
        height=max(_LEAST_PX, 40 + _BAR_PX * len(names)),
        margin=_MARGIN,
        bargap=0.15,
        xaxis={"title": what, "rangemode": "tozero"},
        yaxis={**ticks, "automargin": True},
    )


def numbered_figure(edges: Sequence[float], counts: Sequence[int], x: str, y: str) -> go.Figure:
    """A bar for each stretch between two edges."""
    pairs = list(zip(edges[:-1], edges[1:], strict=True))
    bars = go.Bar(
        x=[(low + high) / 2 for low, high in pairs],
        y=list(counts),
        width=[high - low for low, high in pairs],
        marker={"color": COLORS[0], "line": {"width": 0}},
        customdata=pairs,
        hovertemplate="%{customdata[0]:.4~g} to %{customdata[1]:.4~g}: %{y:,}<extra></extra>",
    )
    return go.Figure(bars).update_layout(
        height=240,
        margin=_MARGIN,
        bargap=0.02,
        xaxis={"title": x},
        yaxis={"title": y, "rangemode": "tozero"},
    )
