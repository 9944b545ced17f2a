"""The loss over the learning rate of a range test."""

from __future__ import annotations

import math

import plotly.graph_objects as go

from components.charts.palette import COLORS
from engine.learning_rates.range_test import RangeResult


def range_figure(result: RangeResult) -> go.Figure:
    """A still picture: every step, the smoothed loss, and the suggested learning rate."""
    figure = go.Figure(
        [
            go.Scatter(
                x=result.lr,
                y=result.loss,
                mode="markers",
                marker={"size": 4, "color": COLORS[0], "opacity": 0.35},
                name="each step",
            ),
            go.Scatter(
                x=result.lr,
                y=result.smoothed,
                mode="lines",
                line={"width": 2, "color": COLORS[0]},
                name="smoothed",
            ),
        ]
    )
    if result.suggestion is not None:
        figure.add_vline(x=result.suggestion, line={"color": COLORS[1], "dash": "dash"})
        figure.add_annotation(
            x=math.log10(result.suggestion),  # on a logarithmic axis plotly wants the exponent
            y=1,
            yref="paper",
            text=f"steepest: {result.suggestion:.2g}",
            showarrow=False,
            xanchor="left",
        )
    return figure.update_layout(
        height=300,
        margin={"l": 0, "r": 8, "t": 24, "b": 0},
        hovermode="x",
        xaxis={"title": "learning rate", "type": "log", "exponentformat": "e"},
        yaxis={"title": "training loss", "range": _visible(result)},
        legend={"orientation": "h", "y": 1.12},
    )


def _visible(result: RangeResult) -> list[float] | None:
    """From below the lowest to above the first loss; what diverges leaves the picture upwards."""
    if not len(result.loss):
        return None
    lowest, first = float(result.smoothed.min()), float(result.smoothed[0])
    margin = 0.1 * (first - lowest) or 0.1 * abs(first) or 1.0
    return [lowest - margin, first + 3 * margin]
