"""The numbers beside a chart on paper, and the thin lines behind it.

Matplotlib makes several objects for each tick of an axis and lays out each of them, which was half
of the time that a report took. Here they are one collection of lines and plain words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, ScalarFormatter

from components.report.sheet import FAINT, RULE, Box, Sheet

_STEPS = [1, 2, 2.5, 5, 10]
_POWERS = (-5, 7)
"""Of ten, between which numbers are written out."""
_SIZE = 7
_BESIDE, _BELOW = 0.06, 0.05


class Scale(NamedTuple):
    """One axis, from its lower to its upper end."""

    low: float
    high: float
    log: bool = False

    def share(self, value: float) -> float:
        """How far along the axis a value lies."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


class Ticks(NamedTuple):
    """Values with the words for them, and a power of ten that all of them are to be taken by."""

    scale: Scale
    values: Sequence[float]
    words: Sequence[str]
    power: str = ""


def whole(scale: Scale) -> Ticks:
    """Ticks at whole numbers, as steps are."""
    values = _inside(scale, MaxNLocator(6, integer=True, steps=_STEPS).tick_values)
    return Ticks(scale, values, [f"{value:,.0f}" for value in values])


def measured(scale: Scale) -> Ticks:
    """Ticks at round numbers; on a logarithmic axis at powers of ten where there are two."""
    if scale.log:
        return _logarithmic(scale)
    values = _inside(scale, MaxNLocator(5, steps=_STEPS).tick_values)
    form = ScalarFormatter(useOffset=False)
    form.set_powerlimits(_POWERS)
    form.create_dummy_axis()
    assert form.axis is not None
    form.axis.set_view_interval(scale.low, scale.high)
    return Ticks(scale, values, form.format_ticks(values), form.get_offset())


def draw(sheet: Sheet, axes: Axes, frame: Box, x: Ticks, y: Ticks) -> None:
    """Draw both axes of a chart whose frame is this box."""
    axes.set_axis_off()
    left, top, width, height = frame
    along, up = axes.get_xaxis_transform(), axes.get_yaxis_transform()
    axes.vlines([x.scale.low, *x.values], 0, 1, RULE, transform=along, linewidths=0.5, zorder=0.5)
    axes.hlines([y.scale.low, *y.values], 0, 1, RULE, transform=up, linewidths=0.5, zorder=0.5)
    for value, words in zip(x.values, x.words, strict=True):
        at = left + width * x.scale.share(value)
        sheet.text(at, top + height + _BELOW, words, _SIZE, color=FAINT, side="center")
    for value, words in zip(y.values, y.words, strict=True):
        at = top + height * (1 - y.scale.share(value)) - 0.5 * _SIZE / 72
        sheet.text(left - _BESIDE, at, words, _SIZE, color=FAINT, side="right")
    sheet.text(left, top - 0.11, y.power, _SIZE - 1, color=FAINT)


def _logarithmic(scale: Scale) -> Ticks:
    for subs in ((1.0,), (1.0, 2.0, 5.0)):
        values = _inside(scale, LogLocator(subs=subs, numticks=6).tick_values)
        if len(values) > 1:
            break
    else:
        values = _inside(scale, MaxNLocator(4, steps=_STEPS).tick_values)
    return Ticks(scale, values, [f"{value:g}" for value in values])


def _inside(scale: Scale, locate: Callable[[float, float], Sequence[float]]) -> list[float]:
    found = (float(value) for value in locate(scale.low, scale.high))
    return [value for value in found if scale.low <= value <= scale.high]
