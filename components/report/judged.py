"""The last evaluation of a run, as figures and tables of a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from components.numbers import DASH, shown_number
from components.report.contents import Judged, Row, Table
from engine.runs.evaluations import (
    ClassEvaluation,
    ClassTable,
    ConfusedPair,
    LabelEvaluation,
    LabelTable,
    NumberEvaluation,
)

MOST_ROWS = 60
"""Classes in a table; the worst come first where there are more."""
SHARES = ("Precision", "Recall", "F1")


class Matrix(NamedTuple):
    """A confusion matrix: how often, and which share of the row."""

    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    shares: tuple[tuple[float, ...], ...]


def heading(judged: Judged) -> str:
    """What was judged, and when."""
    samples = judged.evaluation.samples
    many = "1 held-out sample" if samples == 1 else f"{samples:,} held-out samples"
    return f"{many} after step {judged.step:,}"


def matrix_of(judged: Judged) -> Matrix | None:
    """The confusion matrix; None where there is none, or a class too many for it."""
    evaluation = judged.evaluation
    if not isinstance(evaluation, ClassEvaluation) or not evaluation.matrix:
        return None
    return Matrix(
        evaluation.classes.name, evaluation.matrix, tuple(map(_shares, evaluation.matrix))
    )


def tables_of(judged: Judged) -> Iterator[Table]:
    """Pairs of classes that are confused, and how well each is recognised."""
    match judged.evaluation:
        case ClassEvaluation() as evaluation:
            if evaluation.confused:
                yield _pairs(evaluation.confused)
            yield _classes(evaluation.classes, "Classes")
        case LabelEvaluation() as evaluation:
            yield _classes(evaluation.labels, "Labels")
        case NumberEvaluation():
            return


def _classes(table: ClassTable, title: str) -> Table:
    columns = [table.precision, table.recall, table.f1]
    counts: list[tuple[int, ...]] = [table.support]
    head: tuple[str, ...] = ("Class", *SHARES, "Samples")
    if isinstance(table, LabelTable):
        counts += [table.true_positive, table.false_negative, table.false_positive]
        head += ("Found", "Missed", "Given wrongly")
    order = _worst_first(table.f1) if len(table.name) > MOST_ROWS else range(len(table.name))
    rows = tuple(
        Row(
            (
                table.name[at],
                *(_share(column[at]) for column in columns),
                *(f"{count[at]:,}" for count in counts),
            )
        )
        for at in list(order)[:MOST_ROWS]
    )
    more = f"The {MOST_ROWS} with the lowest F1 of {len(table.name):,}."
    return Table(title, rows, head, more if len(table.name) > MOST_ROWS else "")


def _pairs(pairs: Sequence[ConfusedPair]) -> Table:
    rows = tuple(Row((pair.true, pair.predicted, f"{pair.count:,}")) for pair in pairs[:MOST_ROWS])
    return Table("Confused most often", rows, ("True", "Predicted", "Samples"))


def _worst_first(f1: Sequence[float | None]) -> list[int]:
    return sorted(range(len(f1)), key=lambda at: (f1[at] is None, f1[at] or 0.0))


def _share(share: float | None) -> str:
    return DASH if share is None else shown_number(share, 3)


def _shares(row: Sequence[int]) -> tuple[float, ...]:
    whole = sum(row)
    return tuple(count / whole if whole else 0.0 for count in row)
