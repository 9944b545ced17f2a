"""The metrics that are counted here are those of torchmetrics, whatever is counted."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.functional import classification as oracle

from engine.losses import IGNORED
from engine.metrics import validation_metrics
from engine.metrics.ranking import Ranking
from engine.task_spec import TaskSpec

CLASSES = TaskSpec(kind="token-classification")
LABELS = TaskSpec(kind="multi-label-classification")


def computed(task, outputs, targets):
    metrics = validation_metrics(task)
    metrics.update(outputs, targets)
    return metrics.compute()


def random_case(seed, samples, classes, sharpness):
    """Logits that know something of the classes, of which all occur."""
    generator = torch.Generator().manual_seed(seed)
    targets = torch.randint(classes, (samples,), generator=generator)
    targets[:classes] = torch.arange(classes)
    logits = torch.randn(samples, classes, generator=generator)
    logits[torch.arange(samples), targets] += 1
    return sharpness * logits, targets


@settings(max_examples=25)
@given(
    seed=st.integers(0, 1000),
    classes=st.integers(2, 8),
    samples=st.integers(8, 200),
    sharpness=st.sampled_from([0.1, 1.0, 5.0]),
)
def test_of_classes(seed, classes, samples, sharpness):
    logits, targets = random_case(seed, samples, classes, sharpness)
    targets[classes : classes + 3] = IGNORED
    found = computed(CLASSES, logits, targets)
    options = {"num_classes": classes, "ignore_index": IGNORED}
    expected = {
        "accuracy": oracle.multiclass_accuracy(logits, targets, average="micro", **options),
        "precision_macro": oracle.multiclass_precision(logits, targets, **options),
        "recall_macro": oracle.multiclass_recall(logits, targets, **options),
        "f1_macro": oracle.multiclass_f1_score(logits, targets, **options),
        "f1_weighted": oracle.multiclass_f1_score(logits, targets, average="weighted", **options),
        "calibration_error": oracle.multiclass_calibration_error(logits, targets, **options),
    }
    if classes > 3:
        expected["top3_accuracy"] = oracle.multiclass_accuracy(
            logits, targets, average="micro", top_k=3, **options
        )
    for name, value in expected.items():
        assert found[name] == pytest.approx(value.item(), abs=1e-6), name
    exact = oracle.multiclass_auroc(logits.softmax(-1), targets, **options)
    assert found["auroc"] == pytest.approx(exact.item(), abs=1e-6)


@settings(max_examples=25)
@given(seed=st.integers(0, 1000), labels=st.integers(2, 6), samples=st.integers(6, 100))
def test_of_labels(seed, labels, samples):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(samples, labels, generator=generator)
    targets = torch.randint(2, (samples, labels), generator=generator)
    targets[0], targets[1] = 0, 1
    targets[2, 1] = IGNORED
    found = computed(LABELS, logits, targets.float())
    options = {"num_labels": labels, "ignore_index": IGNORED}
    expected = {
        "precision_macro": oracle.multilabel_precision(logits, targets, **options),
        "recall_macro": oracle.multilabel_recall(logits, targets, **options),
        "f1_macro": oracle.multilabel_f1_score(logits, targets, **options),
        "f1_micro": oracle.multilabel_f1_score(logits, targets, average="micro", **options),
        "label_accuracy": oracle.multilabel_accuracy(logits, targets, average="micro", **options),
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value.item(), abs=1e-6), name
    exact = oracle.multilabel_auroc(logits, targets, **options)
    assert found["auroc"] == pytest.approx(exact.item(), abs=1e-6)


@pytest.mark.parametrize("classes", [2, 10, 100, 1000])
@pytest.mark.parametrize("sharpness", [0.05, 1.0, 4.0])
def test_binned_ranks_are_close_to_exact_ones(classes, sharpness):
    """Also for a model that has learned nothing yet, and where every probability is tiny."""
    logits, targets = random_case(0, 2000, classes, sharpness)
    probabilities = logits.softmax(dim=-1)
    there = torch.nn.functional.one_hot(targets, classes).bool()
    areas = []
    for most_exact in (10**9, 0):
        ranking = Ranking(classes, most_exact=most_exact)
        for part in range(0, 2000, 500):
            rows = slice(part, part + 500)
            ranking.add(probabilities[rows], there[rows], torch.ones_like(there[rows]))
        areas.append(ranking.mean_area())
    assert areas[1] == pytest.approx(areas[0], abs=0.003)
    assert areas[0] != areas[1]


def test_counting_is_repeatable_under_deterministic_algorithms():
    logits, targets = random_case(1, 300, 200, 1.0)
    before = torch.get_deterministic_debug_mode()
    expected = computed(CLASSES, logits, targets)
    torch.set_deterministic_debug_mode(2)
    try:
        assert computed(CLASSES, logits, targets) == expected
    finally:
        torch.set_deterministic_debug_mode(before)
