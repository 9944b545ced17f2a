"""Which charts a board shows for the metrics that its runs have by now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields

from components.charts.board import (
    Chart,
    Curve,
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


def brief(chart: Chart) -> Mapping[str, object]:
    """A chart as a document without what is as usual: there may be thousands."""
    return _told(chart) | {"curves": [_told(curve) for curve in chart.curves]}


def _told(what: Chart | Curve) -> dict[str, object]:
    values = {field.name: getattr(what, field.name) for field in fields(what)}
    return {name: value for name, value in values.items() if value not in ("", False)}
