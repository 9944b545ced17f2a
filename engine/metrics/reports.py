"""What was right and wrong at a validation, from what was counted."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.metrics.calibration import Calibration
from engine.metrics.confusion import Confusion
from engine.metrics.per_class import Counts, Scores
from engine.runs.evaluations import (
    ClassEvaluation,
    ClassTable,
    ConfusedPair,
    LabelEvaluation,
    LabelTable,
    NumberEvaluation,
    Reliability,
    Residuals,
)

MOST_IN_A_PICTURE = 50
"""With more classes the pairs confused most often are listed instead of the whole matrix."""
MOST_IN_A_TABLE = 1000
MOST_POINTS = 500
RESIDUAL_BINS = 40
_DIGITS = 6


def class_report(
    confusion: Confusion, scores: Scores, calibration: Calibration, names: list[str]
) -> ClassEvaluation:
    """Of a model that chooses one class: matrix or confused pairs, a row a class, reliability."""
    confidence, accuracy, count = calibration.bins()
    drawn = confusion.classes <= MOST_IN_A_PICTURE
    return ClassEvaluation(
        samples=int(count.sum()),
        matrix=_matrix(confusion) if drawn else None,
        confused=None if drawn else _confused(confusion, names),
        classes=ClassTable(**_columns(scores, names)),
        reliability=Reliability(
            confidence=_rounded(confidence),
            accuracy=_rounded(accuracy),
            count=tuple(count.tolist()),
        ),
    )


def label_report(
    counts: Counts, scores: Scores, names: list[str], *, samples: int
) -> LabelEvaluation:
    """Of a model that gives any number of labels: the four counts (4, C) and the scores of each."""
    shown = _most_frequent(scores)
    kinds = ("true_positive", "false_positive", "false_negative", "true_negative")
    table = {kind: tuple(row[shown].tolist()) for kind, row in zip(kinds, counts, strict=True)}
    return LabelEvaluation(samples=samples, labels=LabelTable(**_columns(scores, names), **table))


def number_report(
    predicted: NDArray[np.float64], wanted: NDArray[np.float64], *, in_own_unit: bool
) -> NumberEvaluation:
    """Of a model that predicts a number: samples evenly spread over the set, and all residuals."""
    shown = np.linspace(0, len(wanted) - 1, min(len(wanted), MOST_POINTS)).round().astype(int)
    residuals = predicted - wanted
    finite = residuals[np.isfinite(residuals)]
    count, edges = np.histogram(finite, RESIDUAL_BINS) if len(finite) else (np.array([]),) * 2
    return NumberEvaluation(
        samples=len(wanted),
        in_own_unit=in_own_unit,
        true=_rounded(wanted[shown]),
        predicted=_rounded(predicted[shown]),
        residuals=Residuals(edges=tuple(edges.tolist()), count=tuple(count.tolist())),
    )


def _matrix(confusion: Confusion) -> tuple[tuple[int, ...], ...]:
    actual, predicted, counts = confusion.pairs()
    matrix = np.zeros((confusion.classes, confusion.classes), np.int64)
    matrix[actual, predicted] = counts
    return tuple(map(tuple, matrix.tolist()))


def _confused(confusion: Confusion, names: list[str]) -> tuple[ConfusedPair, ...]:
    actual, predicted, counts = confusion.pairs()
    wrong = np.flatnonzero(actual != predicted)
    worst = wrong[np.argsort(-counts[wrong], kind="stable")][:MOST_IN_A_PICTURE]
    return tuple(
        ConfusedPair(true=names[actual[n]], predicted=names[predicted[n]], count=int(counts[n]))
        for n in worst
    )


def _columns(scores: Scores, names: list[str]) -> dict[str, Any]:
    """A row for each class, or for the most frequent of very many."""
    shown = _most_frequent(scores)
    return {
        "name": tuple(names[n] for n in shown),
        "precision": _rounded(scores.precision[shown]),
        "recall": _rounded(scores.recall[shown]),
        "f1": _rounded(scores.f1[shown]),
        "support": tuple(scores.support[shown].tolist()),
    }


def _most_frequent(scores: Scores) -> NDArray[np.int64]:
    """Which classes to show, in the order of their numbers."""
    return np.sort(np.argsort(-scores.support, kind="stable")[:MOST_IN_A_TABLE])


def _rounded(values: NDArray[np.float64]) -> tuple[float | None, ...]:
    """Six digits, so that files stay small; None for what is not a number."""
    return tuple(float(f"{value:.{_DIGITS}g}") if np.isfinite(value) else None for value in values)
