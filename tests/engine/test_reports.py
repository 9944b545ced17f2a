"""Reports: what was right and wrong, in literal cases, and readable as it was written."""

import json
import math
from typing import get_args

import numpy as np
import pytest
import torch

from engine.losses import IGNORED
from engine.metrics import NOTHING, Known, validation_metrics
from engine.runs.evaluations import UnreadableEvaluation, parsed
from engine.task_spec import TaskKind, TaskSpec

CLASSES, LABELS, NUMBERS = (
    TaskSpec(kind=kind)
    for kind in ("image-classification", "multi-label-classification", "tabular-regression")
)


def report(task, outputs, targets, known=NOTHING):
    metrics = validation_metrics(task, known)
    metrics.update(outputs, targets)
    found = metrics.report()
    assert parsed(json.loads(json.dumps(found, allow_nan=False))).model_dump(mode="json") == found
    return found


def test_a_confusion_matrix_has_the_true_classes_as_rows():
    logits = 9.0 * torch.eye(3)[[0, 1, 1, 2]]
    found = report(CLASSES, logits, torch.tensor([0, 0, 1, 1]), Known(classes=("a", "b", "c")))
    assert found["samples"] == 4
    assert found["matrix"] == [[1, 1, 0], [0, 1, 1], [0, 0, 0]]
    assert found["confused"] is None
    assert found["classes"] == {
        "name": ["a", "b", "c"],
        "precision": [1, 0.5, 0],
        "recall": [0.5, 0.5, None],
        "f1": [0.666667, 0.5, 0],
        "support": [2, 2, 0],
    }


def test_reliability_is_told_in_bins_of_confidence():
    logits = torch.tensor([[0.9, 0.1], [0.9, 0.1], [0.3, 0.7]]).log()
    found = report(CLASSES, logits, torch.tensor([0, 1, 1]))["reliability"]
    places = {13: (0.9, 0.5, 2), 10: (0.7, 1.0, 1)}
    for bin_, (confidence, accuracy, count) in places.items():
        assert found["confidence"][bin_] == pytest.approx(confidence)
        assert found["accuracy"][bin_] == accuracy
        assert found["count"][bin_] == count
    assert [n for n, one in enumerate(found["confidence"]) if one is not None] == [10, 13]
    assert sum(found["count"]) == 3
    assert len(found["count"]) == 15


def test_classes_without_names_are_numbers():
    assert report(CLASSES, torch.eye(2), torch.tensor([0, 1]))["classes"]["name"] == ["0", "1"]
    known = Known(classes=("only one",))
    found = report(CLASSES, torch.eye(2), torch.tensor([0, 1]), known)
    assert found["classes"]["name"] == ["0", "1"]


@pytest.mark.parametrize(("classes", "drawn"), [(50, True), (51, False)])
def test_of_many_classes_the_most_confused_are_listed(classes, drawn):
    logits = 9.0 * torch.eye(classes)[[3, 3, 4, 5]]
    found = report(CLASSES, logits, torch.tensor([7, 7, 8, 5]))
    assert (found["matrix"] is not None) == drawn
    pairs = None if drawn else [("7", "3", 2), ("8", "4", 1)]
    confused = found["confused"]
    assert (confused and [tuple(pair.values()) for pair in confused]) == pairs


def test_labels_are_told_by_what_became_of_each():
    given = 9.0 * torch.tensor([[1, -1], [1, 1], [-1, -1]])
    there = torch.tensor([[1, 1], [0, 1], [0, IGNORED]]).float()
    found = report(LABELS, given, there, Known(classes=("x", "y")))
    assert found["samples"] == 3
    assert found["labels"] == {
        "name": ["x", "y"],
        "precision": [0.5, 1],
        "recall": [1, 0.5],
        "f1": [0.666667, 0.666667],
        "support": [1, 2],
        "true_positive": [1, 1],
        "false_positive": [1, 0],
        "false_negative": [0, 1],
        "true_negative": [1, 0],
    }


def test_numbers_are_told_in_their_own_unit():
    known = Known(target_mean=100.0, target_std=10.0)
    found = report(NUMBERS, torch.tensor([[0.0], [2.0]]), torch.tensor([0.0, 1.0]), known)
    assert (found["true"], found["predicted"]) == ([100, 110], [100, 120])
    assert found["in_own_unit"]
    assert found["residuals"]["edges"][0] == 0
    assert found["residuals"]["edges"][-1] == 10
    assert sum(found["residuals"]["count"]) == 2
    assert not report(NUMBERS, torch.zeros(2), torch.ones(2))["in_own_unit"]


def test_of_many_numbers_some_are_shown_and_all_are_counted():
    targets = torch.arange(3001.0)
    found = report(NUMBERS, targets + 1, targets)
    assert len(found["true"]) == 500
    assert (found["true"][0], found["true"][-1]) == (0, 3000)
    assert np.diff(found["true"]) == pytest.approx(6, abs=1)
    assert sum(found["residuals"]["count"]) == found["samples"] == 3001


def test_predictions_that_are_not_finite_are_gaps():
    found = report(NUMBERS, torch.tensor([math.nan, math.inf]), torch.tensor([1.0, 2.0]))
    assert found["predicted"] == [None, None]
    assert found["residuals"] == {"edges": [], "count": []}


@pytest.mark.parametrize("kind", get_args(TaskKind))
def test_only_models_over_a_vocabulary_have_no_report(kind):
    task = TaskSpec(kind=kind)
    outputs = torch.zeros(2, 1) if task.loss.name == "mse" else torch.zeros(2, 5)
    cells = torch.zeros(2, 5) if kind == LABELS.kind else torch.tensor([0, 1])
    metrics = validation_metrics(task, Known())
    metrics.update(outputs, cells)
    assert (metrics.report() is None) == (kind in ("causal-lm", "masked-lm", "seq2seq"))


EVEN = {"name": ["a"], "precision": [1], "recall": [1], "f1": [None], "support": [3]}
BINS = {"confidence": [], "accuracy": [], "count": []}


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {},
        {"kind": "other"},
        {"kind": "classes"},
        {"kind": "classes", "samples": 1, "classes": EVEN | {"f1": []}, "reliability": BINS},
        {"kind": "classes", "samples": 1, "classes": EVEN, "reliability": BINS | {"count": [1]}},
        {
            "kind": "classes",
            "samples": 1,
            "matrix": [[1, 2]],
            "classes": EVEN,
            "reliability": BINS,
        },
        {
            "kind": "numbers",
            "samples": 1,
            "in_own_unit": True,
            "true": [1],
            "predicted": [],
            "residuals": {"edges": [], "count": []},
        },
    ],
)
def test_what_is_no_evaluation_is_said(content):
    with pytest.raises(UnreadableEvaluation, match="cannot be read"):
        parsed(content)
