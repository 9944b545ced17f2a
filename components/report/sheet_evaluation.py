"""The last evaluation on paper: confusions beside calibration, or predictions and residuals."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes

from components.charts.palette import COLORS
from components.report import glyphs, sheet_ticks
from components.report.contents import Judged
from components.report.judged import Matrix, matrix_of
from components.report.sheet import FAINT, MARGIN, ROOM, TEXT, Block, Box, Sheet
from components.report.sheet_charts import GAP, HALF, below, frame_in
from components.report.sheet_ticks import Scale
from engine.runs.evaluations import ClassEvaluation, NumberEvaluation, Reliability

_MOST_WITH_COUNTS = 20
"""With more classes the counts no longer fit into their cells."""
_MATRIX_MOST = 5.0


def evaluation_blocks(judged: Judged) -> Iterator[Block]:
    """The figures of an evaluation: confusions beside calibration, or predictions and residuals."""
    match judged.evaluation:
        case ClassEvaluation() as evaluation:
            yield _classes(matrix_of(judged), evaluation.reliability)
        case NumberEvaluation() as evaluation:
            yield _numbers(evaluation)


def _classes(matrix: Matrix | None, reliability: Reliability) -> Block:
    side = 0.0 if matrix is None else min(_MATRIX_MOST, max(2.6, 0.24 * len(matrix.names) + 1.2))
    beside = matrix is None or side + 2.6 < ROOM

    def draw(sheet: Sheet, top: float) -> None:
        if matrix is not None:
            _matrix(sheet, matrix, (MARGIN, top, side))
        if beside:
            left = MARGIN + side + (GAP if side else 0)
            width = min(ROOM - (left - MARGIN), 3.4)
            _reliability(sheet, reliability, (left, top, width, 2.6))

    return Block(max(side + 0.3, 2.7), draw)


def _matrix(sheet: Sheet, matrix: Matrix, place: tuple[float, float, float]) -> None:
    x, y, side = place
    names = [glyphs.fitted(glyphs.drawable(name), 6.5, 0.85) for name in matrix.names]
    beside = 0.1 + max(glyphs.width(name, 6.5) for name in names)
    sheet.text(x, y, "Confusion matrix: true classes as rows", 9, face="bold")
    axes = sheet.axes(x + beside, y + 0.22, side - beside, side - beside)
    axes.imshow(matrix.shares, vmin=0, vmax=1.25, cmap="Blues", aspect="auto")
    places = range(len(names))
    small = glyphs.properties("plain", 6.5 if len(names) <= _MOST_WITH_COUNTS else 4.5)
    axes.set_xticks(places, names, rotation=90, fontproperties=small, parse_math=False)
    axes.set_yticks(places, names, fontproperties=small, parse_math=False)
    axes.tick_params(length=0, pad=2, colors=TEXT)
    for spine in axes.spines.values():
        spine.set_visible(False)
    if len(names) > _MOST_WITH_COUNTS:
        return
    for row, (counts, shares) in enumerate(zip(matrix.counts, matrix.shares, strict=True)):
        for column, (count, share) in enumerate(zip(counts, shares, strict=True)):
            color = "white" if share > 0.6 else TEXT
            axes.text(
                column, row, f"{count:,}", ha="center", va="center", fontsize=6.5, color=color
            )


def _reliability(sheet: Sheet, reliability: Reliability, box: Box) -> None:
    axes = _titled(sheet, "Reliability", box)
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8, linestyle="--")
    columns = zip(reliability.confidence, reliability.accuracy, reliability.count, strict=True)
    bins = [(x, y, n) for x, y, n in columns if n and x is not None and y is not None]
    most = max((n for *_, n in bins), default=1)
    xs, ys = [x for x, *_ in bins], [y for _, y, _ in bins]
    axes.plot(xs, ys, color=COLORS[0], linewidth=1)
    axes.scatter(xs, ys, s=[6 + 50 * n / most for *_, n in bins], color=COLORS[0], linewidth=0)
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
    _scaled(sheet, axes, box, ("confidence", "accuracy"))


def _numbers(evaluation: NumberEvaluation) -> Block:
    unit = "" if evaluation.in_own_unit else " (standardised)"
    pairs = [
        (true, predicted)
        for true, predicted in zip(evaluation.true, evaluation.predicted, strict=True)
        if true is not None and predicted is not None
    ]

    def draw(sheet: Sheet, top: float) -> None:
        left = (MARGIN, top, HALF, 2.6)
        axes = _titled(sheet, "Predicted and true", left)
        ends = [min(map(min, pairs)), max(map(max, pairs))] if pairs else []
        axes.plot(ends, ends, color=FAINT, linewidth=0.8, linestyle="--")
        x, y = [true for true, _ in pairs], [predicted for _, predicted in pairs]
        axes.scatter(x, y, s=8, color=COLORS[0], alpha=0.6, linewidth=0)
        _scaled(sheet, axes, left, (f"true{unit}", f"predicted{unit}"))
        right = (MARGIN + HALF + GAP, top, HALF, 2.6)
        axes = _titled(sheet, "Residuals", right)
        edges = np.array(evaluation.residuals.edges)
        if len(edges):
            widths = np.diff(edges)
            axes.bar(edges[:-1], evaluation.residuals.count, widths, align="edge", color=COLORS[0])
        axes.axvline(0, color=FAINT, linewidth=0.8, linestyle="--")
        _scaled(sheet, axes, right, (f"predicted − true{unit}", "samples"))

    return Block(2.7, draw)


def _titled(sheet: Sheet, title: str, box: Box) -> Axes:
    sheet.text(box[0], box[1], title, 9, face="bold")
    return sheet.axes(*frame_in(box))


def _scaled(sheet: Sheet, axes: Axes, box: Box, labels: tuple[str, str]) -> None:
    """Numbers and words beside both axes, for what they show by now."""
    frame = frame_in(box)
    x, y = Scale(*axes.get_xlim()), Scale(*axes.get_ylim())
    axes.set(xlim=x[:2], ylim=y[:2])
    sheet_ticks.draw(sheet, axes, frame, sheet_ticks.measured(x), sheet_ticks.measured(y))
    below(sheet, frame, labels[0])
    sheet.text(box[0], box[1] + 0.19, labels[1], 7, color=FAINT)
