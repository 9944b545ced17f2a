"""How well single classes are recognised, over the validations of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from components.charts.confusion import plain
from components.charts.palette import COLORS

Shares = Sequence[float | None]
_HOVER = "%{fullData.name}, step %{x:,}: %{y:.3f}<extra></extra>"


def class_history_figure(steps: Sequence[int], shares: Mapping[str, Shares]) -> go.Figure:
    """A line a class; where nothing is known it has a gap."""
    marker = {"size": 5}
    lines = [
        go.Scatter(
            x=np.array(steps),
            y=np.array(values, np.float64),  # None becomes NaN, which is a gap
            name=plain(name),
            mode="lines+markers",
            line={"color": COLORS[number % len(COLORS)], "width": 1.5},
            marker=marker,
            hovertemplate=_HOVER,
        )
        for number, (name, values) in enumerate(shares.items())
    ]
    return go.Figure(lines).update_layout(
        height=320,
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
        showlegend=True,
        legend={"orientation": "h", "y": -0.25},
        xaxis={"title": "step", "tickformat": ",d", "nticks": 8},
        yaxis={"tickformat": ".2f", "zeroline": False},
    )
