"""Charts on paper, from the same numbers as those of the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes

from components.report import glyphs, sheet_ticks
from components.report.contents import Chart
from components.report.figures import MARK_COLORS
from components.report.lines import Drawn, Line, alone, strange
from components.report.sheet import FAINT, MARGIN, ROOM, Block, Box, Sheet
from components.report.sheet_ticks import Scale

GAP = 0.25
HALF = (ROOM - GAP) / 2
_HEIGHTS = {1: 2.55, 2: 2.15}
"""Of a row with so many charts in it."""
_HEAD, _LEFT, _BOTTOM, _RIGHT = 0.42, 0.45, 0.45, 0.12
_FEW = 40
_MARKERS = {"calm": ("D", 3.5), "warning": ("v", 4), "bad": ("X", 4), "best": ("*", 6)}
_STRANGE = {"nan": ("x", 0.04), "up": ("^", 0.96), "down": ("v", 0.04)}
_LARGEST, _SMALLEST = 1e300, 1e-300
"""What an axis can hold."""


def rows_of(charts: Sequence[Chart], *, wide_first: bool) -> Iterator[Block]:
    """Charts in rows of two; the first, and one without a neighbour, have a row of their own."""
    left = list(charts)
    while left:
        alone_ = len(left) == 1 or (wide_first and len(left) == len(charts))
        row, left = left[: 1 if alone_ else 2], left[1 if alone_ else 2 :]
        yield _row(row)


def _row(charts: Sequence[Chart]) -> Block:
    height = _HEIGHTS[len(charts)]
    width = ROOM if len(charts) == 1 else HALF

    def draw(sheet: Sheet, top: float) -> None:
        for place, chart in enumerate(charts):
            _chart(sheet, chart, (MARGIN + place * (width + GAP), top, width, height))

    return Block(height, draw)


def _chart(sheet: Sheet, chart: Chart, box: Box) -> None:
    x, y, width, _ = box
    unit = f" ({chart.unit})" if chart.unit else ""
    title = glyphs.fitted(glyphs.drawable(chart.title + unit), 9, width, "bold")
    sheet.text(x, y, title, 9, face="bold")
    _legend(sheet, chart, (x, y + 0.19, width))
    frame = frame_in(box)
    axes = sheet.axes(*frame)
    with np.errstate(all="ignore"):
        for line in chart.lines:
            _line(axes, line)
        _marks(axes, chart)
        across, up = _scales(chart)
        if up.log:
            axes.set_yscale("log", nonpositive="mask")
        axes.set(xlim=across[:2], ylim=up[:2])
        sheet_ticks.draw(sheet, axes, frame, sheet_ticks.whole(across), sheet_ticks.measured(up))
    below(sheet, frame, "step")


def frame_in(box: Box) -> Box:
    """What is left of a box beside a title, a legend and the numbers of the axes."""
    x, y, width, height = box
    return x + _LEFT, y + _HEAD, width - _LEFT - _RIGHT, height - _HEAD - _BOTTOM


def below(sheet: Sheet, frame: Box, words: str) -> None:
    """What the numbers below a chart are."""
    left, top, width, height = frame
    sheet.text(left + width / 2, top + height + 0.18, words, 7, color=FAINT, side="center")


def _legend(sheet: Sheet, chart: Chart, place: tuple[float, float, float]) -> None:
    """The names of the curves on one line; those without room are counted."""
    x, y, width = place
    if len(chart.lines) == 1 and chart.lines[0].label == chart.title:
        return
    end = x + width
    for number, line in enumerate(chart.lines):
        name = glyphs.fitted(glyphs.drawable(line.label), 7, min(2.0, width - 0.3))
        more = f"and {len(chart.lines) - number} more"
        needed = 0.32 + glyphs.width(name, 7)
        last = number == len(chart.lines) - 1
        if x + needed + (0 if last else 0.1 + glyphs.width(more, 7)) > end:
            sheet.text(x, y, more, 7, color=FAINT)
            return
        sheet.swatch(x, y + 0.04, line.color)
        sheet.text(x + 0.2, y, name, 7, color=FAINT)
        x += needed


def _line(axes: Axes, line: Line) -> None:
    x, y = _finite(line.raw)
    if line.smooth is None:
        axes.plot(x, y, linewidth=1.1, color=line.color)
    else:
        axes.plot(x, y, linewidth=0.5, alpha=0.35, color=line.color)
        axes.plot(*_finite(line.smooth), linewidth=1.2, color=line.color)
    dots = np.isfinite(y) if len(x) <= _FEW else alone(line.raw)
    axes.plot(x[dots], y[dots], "o", markersize=2.2, color=line.color)
    place = axes.get_xaxis_transform()
    for kind, (marker, height) in _STRANGE.items():
        at = [step for step, found in strange(line.raw) if found == kind]
        if at:
            axes.plot(
                at, [height] * len(at), marker, color=line.color, markersize=4, transform=place
            )


def _finite(points: Drawn) -> Drawn:
    """What is not finite is a gap; what no picture can hold is drawn at its edge."""
    y = np.where(np.isfinite(points.y), np.clip(points.y, -_LARGEST, _LARGEST), np.nan)
    return Drawn(points.x, y)


def _marks(axes: Axes, chart: Chart) -> None:
    place = axes.get_xaxis_transform()
    for tone in dict.fromkeys(mark.tone for mark in chart.marks):
        at = [mark.x for mark in chart.marks if mark.tone == tone]
        color = MARK_COLORS[tone]
        axes.vlines(at, 0, 1, color, ":", transform=place, linewidths=0.6, alpha=0.8)
        shape, size = _MARKERS[tone]
        top = axes.plot(at, [1.0] * len(at), shape, color=color, markersize=size, transform=place)
        top[0].set_clip_on(False)


def _scales(chart: Chart) -> tuple[Scale, Scale]:
    """Both axes; a logarithmic one only where there is something to show on it."""
    low, high = chart.window
    air = 0.01 * (high - low) or 1
    layers = [layer for line in chart.lines for layer in (line.raw, line.smooth) if layer]
    values = np.concatenate([_finite(layer).y for layer in layers])
    log = chart.log and bool(np.any(values > 0))
    seen = values[np.isfinite(values) & (values > 0 if log else True)]
    ends = (float(seen.min()), float(seen.max())) if len(seen) else (0.0, 1.0)
    return Scale(low - air, high + air), Scale(*_limits(*ends, log=log), log)


def _limits(low: float, high: float, *, log: bool) -> tuple[float, float]:
    """The ends of an axis, with a little air."""
    if log:
        low, high = max(low, _SMALLEST), max(high, _SMALLEST)
        share = (high / low) ** 0.06 if high > low else 2.0
        return low / share, high * share
    air = 0.06 * (high - low) or abs(high) * 0.1 or 0.5
    return low - air, high + air
