"""Which charts a board shows for the metrics that its runs have by now."""

from __future__ import annotations

from collections.abc import Iterable

from components.charts.board import (
    Chart,
    chosen_charts,
    chosen_metrics,
    live_charts,
    overlay_charts,
)
from components.live_feed.query import BoardQuery


def laid_out(query: BoardQuery, metrics: Iterable[str]) -> tuple[Chart, ...]:
    """The charts of a board, in reading order."""
    lay_out = live_charts if query.kind == "live" else overlay_charts
    chosen = chosen_metrics(metrics, without=query.without, only=query.only)
    return chosen_charts(lay_out(chosen), without=query.without, only=query.only)
