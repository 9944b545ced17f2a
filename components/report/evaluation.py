"""The last evaluation as HTML: a matrix that prints, tables, and figures for the rest."""

from __future__ import annotations

from collections.abc import Iterator

from components.charts.predicted import predicted_figure, residual_figure
from components.charts.reliability import reliability_figure
from components.report import tags
from components.report.contents import Judged
from components.report.figures import HEIGHT, Figure
from components.report.judged import Matrix, heading, matrix_of, tables_of
from engine.runs.evaluations import ClassEvaluation, NumberEvaluation

_MOST_UPRIGHT = 12
"""Classes whose names have room side by side."""
_DARK_FROM = 0.55
"""Share from which a cell is so strong in colour that its number must be light."""
_MATRIX = "How often each true class (row) was taken for each class (column). "
_MATRIX += "The colour is the share of the row."


def evaluation_html(judged: Judged) -> Iterator[str]:
    """Everything about an evaluation; its figures get their places in order."""
    yield f'<p class="faint">{tags.escaped(heading(judged))}.</p>'
    matrix = matrix_of(judged)
    if matrix is not None:
        yield f'<h3>Confusion matrix</h3><p class="faint">{_MATRIX}</p>{_matrix(matrix)}'
    places = "".join(
        f'<section class="chart"><h3>{tags.escaped(title)}</h3><div class="plot"></div></section>'
        for title, _ in evaluation_figures(judged)
    )
    if places:
        yield f'<div class="charts">{places}</div>'
    for table in tables_of(judged):
        yield f"<h3>{tags.escaped(table.title)}</h3>{tags.table(table)}"


def evaluation_figures(judged: Judged) -> Iterator[tuple[str, Figure]]:
    """Titles and figures: calibration of classes, predictions and residuals of numbers."""
    match judged.evaluation:
        case ClassEvaluation() as evaluation:
            yield "Reliability", _plain(reliability_figure(evaluation.reliability))
        case NumberEvaluation() as evaluation:
            unit = "" if evaluation.in_own_unit else "(standardised)"
            yield "Predicted and true", _plain(predicted_figure(evaluation, unit))
            yield "Residuals", _plain(residual_figure(evaluation.residuals, unit))


def _plain(figure: object) -> Figure:
    """A Plotly figure as plain data, without the theme of the Plotly package."""
    document: Figure = figure.to_plotly_json()  # type: ignore[attr-defined]
    layout = {key: part for key, part in document["layout"].items() if key != "template"}
    margin = {"l": 58, "r": 12, "t": 10, "b": 38}
    return {"data": document["data"], "layout": {**layout, "height": HEIGHT, "margin": margin}}


def _matrix(matrix: Matrix) -> str:
    upright = len(matrix.names) > _MOST_UPRIGHT
    turned = ' style="writing-mode:vertical-rl"' if upright else ""
    head = "".join(f"<th{turned}>{tags.escaped(name)}</th>" for name in matrix.names)
    rows = "".join(
        f'<tr><th scope="row">{tags.escaped(name)}</th>{"".join(map(_cell, counts, shares))}</tr>'
        for name, counts, shares in zip(matrix.names, matrix.counts, matrix.shares, strict=True)
    )
    return f'<div class="scroll"><table class="matrix"><tr><td></td>{head}</tr>{rows}</table></div>'


def _cell(count: int, share: float) -> str:
    light = ";color:var(--page)" if share >= _DARK_FROM else ""
    return f'<td style="--share:{share:.3f}{light}">{count:,}</td>'
