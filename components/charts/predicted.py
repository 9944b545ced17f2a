"""Predicted numbers beside the true ones."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from components.charts.palette import COLORS
from engine.runs.evaluations import NumberEvaluation, Residuals

_DIAGONAL = "#8a8f98"
_MARGIN = {"l": 0, "r": 8, "t": 8, "b": 0}


def predicted_figure(evaluation: NumberEvaluation, unit: str) -> go.Figure:
    """A point a sample; on the diagonal predictions are right."""
    pairs = [
        (true, predicted)
        for true, predicted in zip(evaluation.true, evaluation.predicted, strict=True)
        if true is not None and predicted is not None
    ]
    true, predicted = np.array(pairs, np.float64).reshape(-1, 2).T
    ends = [float(np.min(pairs)), float(np.max(pairs))] if pairs else []
    points = go.Scatter(
        x=true,
        y=predicted,
        mode="markers",
        marker={"size": 6, "color": COLORS[0], "opacity": 0.6},
        hovertemplate="true %{x:.4~g}, predicted %{y:.4~g}<extra></extra>",
    )
    diagonal = go.Scatter(
        x=ends, y=ends, mode="lines", line={"color": _DIAGONAL, "dash": "dash"}, hoverinfo="skip"
    )
    return go.Figure([diagonal, points]).update_layout(
        height=360,
        margin=_MARGIN,
        showlegend=False,
        xaxis={"title": f"true {unit}".strip()},
        yaxis={"title": f"predicted {unit}".strip()},
    )


def residual_figure(residuals: Residuals, unit: str) -> go.Figure:
    """How often predictions are how far off; left of zero they are too low."""
    edges = np.array(residuals.edges)
    bars = go.Bar(
        x=(edges[:-1] + edges[1:]) / 2,
        y=residuals.count,
        width=np.diff(edges),
        marker={"color": COLORS[0], "line": {"width": 0}},
        customdata=np.stack([edges[:-1], edges[1:]], axis=-1) if len(edges) else None,
        hovertemplate="%{customdata[0]:.3~g} to %{customdata[1]:.3~g}: %{y}<extra></extra>",
    )
    figure = go.Figure(bars)
    figure.add_vline(x=0, line={"color": _DIAGONAL, "dash": "dash"})
    return figure.update_layout(
        height=360,
        margin=_MARGIN,
        bargap=0.05,
        xaxis={"title": f"predicted − true {unit}".strip()},
        yaxis={"title": "samples"},
    )
