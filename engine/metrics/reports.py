"""What was right and wrong at a validation, as JSON to be drawn. Unknown is None."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.metrics.calibration import Calibration
from engine.metrics.confusion import Confusion, Scores

MOST_IN_A_PICTURE = 50
"""With more classes the pairs confused most often are listed instead of the whole matrix."""
MOST_IN_A_TABLE = 1000
MOST_POINTS = 500
RESIDUAL_BINS = 40
_DIGITS = 6


def class_report(
    confusion: Confusion, calibration: Calibration, names: list[str]
) -> dict[str, Any]:
    """Of a model that chooses one class: matrix or confused pairs, a row a class, reliability."""
    confidence, accuracy = calibration.bins()
    return {
        "kind": "classes",
        "samples": int(calibration.count.sum()),
        **_confused(confusion, names),
        "classes": _table(confusion.scores(), names),
        "reliability": {
            "confidence": _rounded(confidence),
            "accuracy": _rounded(accuracy),
            "count": calibration.count.tolist(),
        },
    }


def label_report(counts: NDArray[np.int64], scores: Scores, names: list[str]) -> dict[str, Any]:
    """Of a model that gives any number of labels: the four counts (4, C) and the scores of each."""
    shown = _most_frequent(scores)
    kinds = ("true_positive", "false_positive", "false_negative", "true_negative")
    table = {kind: row[shown].tolist() for kind, row in zip(kinds, counts, strict=True)}
    return {"kind": "labels", "labels": _table(scores, names) | table}


def number_report(
    predicted: NDArray[np.float64], wanted: NDArray[np.float64], *, in_own_unit: bool
) -> dict[str, Any]:
    """Of a model that predicts a number: samples evenly spread over the set, and all residuals."""
    shown = np.linspace(0, len(wanted) - 1, min(len(wanted), MOST_POINTS)).round().astype(int)
    residuals = predicted - wanted
    finite = residuals[np.isfinite(residuals)]
    counts, edges = np.histogram(finite, RESIDUAL_BINS) if len(finite) else ([], [])
    return {
        "kind": "numbers",
        "samples": len(wanted),
        "in_own_unit": in_own_unit,
        "true": _rounded(wanted[shown]),
        "predicted": _rounded(predicted[shown]),
        "residuals": {"edges": _rounded(edges), "count": np.asarray(counts).tolist()},
    }


def _confused(confusion: Confusion, names: list[str]) -> dict[str, Any]:
    actual, predicted, counts = confusion.pairs()
    if confusion.classes <= MOST_IN_A_PICTURE:
        matrix = np.zeros((confusion.classes, confusion.classes), np.int64)
        matrix[actual, predicted] = counts
        return {"matrix": matrix.tolist()}
    wrong = np.flatnonzero(actual != predicted)
    worst = wrong[np.argsort(-counts[wrong], kind="stable")][:MOST_IN_A_PICTURE]
    pairs = [
        {"true": names[actual[n]], "predicted": names[predicted[n]], "count": int(counts[n])}
        for n in worst
    ]
    return {"confused": pairs}


def _table(scores: Scores, names: list[str]) -> dict[str, list[Any]]:
    """Columns with a row for each class, or for the most frequent of very many."""
    shown = _most_frequent(scores)
    return {
        "name": [names[n] for n in shown],
        "precision": _rounded(scores.precision[shown]),
        "recall": _rounded(scores.recall[shown]),
        "f1": _rounded(scores.f1[shown]),
        "support": scores.support[shown].tolist(),
    }


def _most_frequent(scores: Scores) -> NDArray[np.int64]:
    """Which classes to show, in the order of their numbers."""
    return np.sort(np.argsort(-scores.support, kind="stable")[:MOST_IN_A_TABLE])


def _rounded(values: Any) -> list[float | None]:
    """Six digits, so that files stay small; None for what is not a number."""
    return [
        float(f"{value:.{_DIGITS}g}") if np.isfinite(value) else None
        for value in np.asarray(values, np.float64)
    ]
