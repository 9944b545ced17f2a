"""How the numbers of a tensor are spread, now and over the steps of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from components.charts.palette import COLORS
from engine.runs.histograms import Histogram

Values = NDArray[np.float64]

BINS = 64
CUT = 0.001
"""Share at either end that may lie outside of the picture, so that one outlier does not fill it."""
_SCALES = {False: ("#f3f5f8", "#0c5fb0"), True: ("#1c222b", "#4fa3f0")}
"""From no number to most of them, on a light and on a dark page."""
_TICKS = np.array([0.0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0])
_HOVER = "step %{x}<br>around %{y:.3g}: %{customdata:.2%}<extra></extra>"


class Spread(NamedTuple):
    """Histograms of several steps over the same bins."""

    steps: NDArray[np.int64]
    edges: Values
    shares: Values
    """(bins, steps): the share of the step's numbers that lie in the bin."""


def spread(histograms: Mapping[int, Histogram]) -> Spread:
    """The histograms by step, over common bins; inside of their own bins numbers lie evenly."""
    sums = {step: _cumulated(histogram) for step, histogram in histograms.items()}
    ends = [np.interp([CUT, 1 - CUT], shares, edges) for edges, shares in sums.values()]
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    common = np.linspace(low, high, BINS + 1)
    columns = [np.diff(np.interp(common, edges, shares)) for edges, shares in sums.values()]
    return Spread(np.array(list(sums), np.int64), common, np.stack(columns, axis=1))


def heat_figure(found: Spread, *, dark: bool) -> go.Figure:
    """Steps to the right, values upwards, the share as colour: its root, or little is unseen."""
    ticks = _TICKS[: np.searchsorted(_TICKS, found.shares.max()) + 1]
    heat = go.Heatmap(
        x=found.steps,
        y=(found.edges[1:] + found.edges[:-1]) / 2,
        z=np.sqrt(found.shares).astype(np.float32),
        zmin=0,
        zmax=float(np.sqrt(ticks[-1])),
        colorscale=[[0, _SCALES[dark][0]], [1, _SCALES[dark][1]]],
        colorbar={
            "tickvals": np.sqrt(ticks),
            "ticktext": [f"{tick:.0%}" for tick in ticks],
            "thickness": 10,
            "outlinewidth": 0,
        },
        customdata=found.shares.astype(np.float32),
        hovertemplate=_HOVER,
    )
    return go.Figure(heat).update_layout(
        height=340,
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
        xaxis={"title": "step", "showgrid": False, "tickformat": ",d", "nticks": 8},
        yaxis={"title": "value", "showgrid": False, "zeroline": False, "exponentformat": "e"},
    )


def bar_figure(histogram: Histogram) -> go.Figure:
    """One histogram as bars."""
    counts = np.array(histogram.counts)
    edges = np.linspace(histogram.low, histogram.high, len(counts) + 1)
    bars = go.Bar(
        x=(edges[1:] + edges[:-1]) / 2,
        y=counts,
        width=edges[1] - edges[0],
        marker={"color": COLORS[0], "line": {"width": 0}},
        customdata=counts / max(1, counts.sum()),
        hovertemplate="around %{x:.3g}: %{y:,} (%{customdata:.2%})<extra></extra>",
    )
    return go.Figure(bars).update_layout(
        height=340,
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
        xaxis={"title": "value", "exponentformat": "e", "zeroline": False},
        yaxis={"title": "numbers", "tickformat": "~s"},
    )


def _cumulated(histogram: Histogram) -> tuple[Values, Values]:
    """The ends of the bins and the share of numbers below each; evenly spread if there are none."""
    counts = np.array(histogram.counts, np.float64)
    edges = np.linspace(histogram.low, histogram.high, len(counts) + 1)
    sums = np.concatenate([[0.0], np.cumsum(counts)])
    return edges, sums / sums[-1] if sums[-1] else np.linspace(0, 1, len(edges))
