"""Which charts a report has, by what they tell; what it has no room for is named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from components.charts.board import Chart, live_charts, overlay_charts

MOST_CHARTS = 60

LOSS, QUALITY, RATE = "Loss", "Quality metrics", "Learning rate"
GRADIENTS, SPEED, DRIFT = "Gradients", "Throughput and memory", "Drift"
OTHER, SYSTEM = "Other metrics", "System"
ORDER = (LOSS, QUALITY, RATE, GRADIENTS, SPEED, DRIFT, OTHER, SYSTEM)

_BY_PREFIX = {
    "drift": DRIFT,
    "layers": GRADIENTS,
    "speed": SPEED,
    "memory": SPEED,
    "system": SYSTEM,
    "gpu": SYSTEM,
}
_BY_QUANTITY = {
    "loss": LOSS,
    "lr": RATE,
    "learning_rate": RATE,
    "grad_norm": GRADIENTS,
    "loss_scale": GRADIENTS,
}
_JUDGED = ("train", "val", "valid", "validation", "eval", "test")


class Layout(NamedTuple):
    """The charts of a report by the titles of their sections."""

    sections: tuple[tuple[str, tuple[Chart, ...]], ...]
    left_out: tuple[str, ...] = ()
    """Metrics for which there was no room."""


def layout_of(metrics: Iterable[str], *, several: bool, most: int = MOST_CHARTS) -> Layout:
    """The charts for the metrics of one run, or of several laid over one another."""
    names = set(metrics)
    if not names:
        return Layout(())
    charts = overlay_charts(names) if several else live_charts(names)
    ordered = sorted(charts, key=lambda chart: ORDER.index(section_of(chart)))
    kept, dropped = ordered[:most], ordered[most:]
    titles = [title for title in ORDER if any(section_of(chart) == title for chart in kept)]
    sections = tuple((title, _within(title, kept)) for title in titles)
    return Layout(sections, tuple(curve.metric for chart in dropped for curve in chart.curves))


def section_of(chart: Chart) -> str:
    """The section in which people look for a chart."""
    metric = chart.curves[0].metric
    prefix, *_ = metric.split("/")
    quantity = metric.rpartition("/")[2]
    if prefix in _BY_PREFIX and prefix != metric:
        return _BY_PREFIX[prefix]
    if quantity.endswith("_loss"):
        return LOSS
    return _BY_QUANTITY.get(quantity) or (QUALITY if prefix in _JUDGED else OTHER)


def _within(title: str, charts: Sequence[Chart]) -> tuple[Chart, ...]:
    return tuple(chart for chart in charts if section_of(chart) == title)
