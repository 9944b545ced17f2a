"""Whether a model is right as often as it is sure."""

from __future__ import annotations

import plotly.graph_objects as go

from components.charts.palette import COLORS
from engine.runs.evaluations import Reliability

_DIAGONAL = "#8a8f98"


def reliability_figure(reliability: Reliability) -> go.Figure:
    """Accuracy over confidence in bins, beside the diagonal where both are equal.

    Bins without samples are left out. The larger a point, the more samples it stands for.
    """
    bins = list(zip(reliability.confidence, reliability.accuracy, reliability.count, strict=True))
    filled = [(sure, right, count) for sure, right, count in bins if count]
    most = max((count for _, _, count in filled), default=1)
    points = go.Scatter(
        x=[sure for sure, _, _ in filled],
        y=[right for _, right, _ in filled],
        mode="lines+markers",
        line={"width": 1.5, "color": COLORS[0]},
        marker={
            "color": COLORS[0],
            "size": [6 + 16 * (count / most) ** 0.5 for _, _, count in filled],
            "sizemode": "diameter",
        },
        customdata=[count for _, _, count in filled],
        hovertemplate="sure %{x:.1%}, right %{y:.1%}: %{customdata} samples<extra></extra>",
    )
    diagonal = go.Scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": _DIAGONAL, "dash": "dash"},
        hoverinfo="skip",
    )
    axis = {"range": [-0.03, 1.03], "tickformat": ".0%"}
    return go.Figure([diagonal, points]).update_layout(
        height=340,
        margin={"l": 0, "r": 8, "t": 8, "b": 0},
        showlegend=False,
        xaxis=axis | {"title": "confidence"},
        yaxis=axis | {"title": "accuracy"},
    )
