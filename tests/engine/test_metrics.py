"""Metrics: over the whole held-out set, weighted by targets, nothing invented."""

import math
import subprocess
import sys
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from engine.data.batching import TextBlocks
from engine.losses import IGNORED
from engine.metrics import (
    STEP_METRICS,
    VALIDATION_METRICS,
    Known,
    bits,
    perplexity,
    step_metrics,
    validation_metrics,
)
from engine.metrics.choices import chosen
from engine.metrics.counting import counting
from engine.metrics.ranking import Ranking
from engine.metrics.texts import text_metrics
from engine.task_spec import METRICS, TaskKind, TaskSpec

TASKS = {kind: TaskSpec(kind=kind) for kind in get_args(TaskKind)}
TEXT, IMAGES = TASKS["causal-lm"], TASKS["image-classification"]
LABELS, NUMBERS = TASKS["multi-label-classification"], TASKS["tabular-regression"]
SMOOTH = TaskSpec(
    kind="image-classification", loss={"name": "cross-entropy", "label_smoothing": 0.5}
)
WRITTEN = {"exact_match", "chrf", "rouge_l"}
"""What is measured of written texts instead of outputs."""
KNOWN = Known(token_chars=np.ones(8, np.int64), token_bytes=np.ones(8, np.int64))
PREDICTED, TRUE = [0, 0, 1, 1, 1, 3], [0, 1, 1, 1, 1, 3]


def sure_of(classes, count=4):
    """Logits that are nearly certain of these classes."""
    return 20 * torch.nn.functional.one_hot(torch.tensor(classes), count).float()


def computed(task, *batches, known=KNOWN):
    return measured(task, *batches, known=known).compute()


def measured(task, *batches, known=KNOWN):
    metrics = validation_metrics(task, known)
    with torch.inference_mode():
        for outputs, targets in batches:
            metrics.update(outputs, torch.as_tensor(targets))
    return metrics


def random_case(task, samples=30):
    """Outputs and targets of which every metric of the task can be told; some are padding."""
    generator = torch.Generator().manual_seed(1)
    if task.kind == "tabular-regression":
        return tuple(torch.randn(2, samples, generator=generator))
    logits = torch.randn(samples, 5, generator=generator)
    if task.kind == "multi-label-classification":
        cells = torch.randint(2, (samples, 5), generator=generator).float()
        cells[3] = cells[4, 1] = IGNORED
        return logits, cells
    targets = torch.randint(5, (samples,), generator=generator)
    targets[:5] = IGNORED
    return logits, targets


def test_every_task_has_metrics():
    assert set(VALIDATION_METRICS) == set(TASKS)
    assert set(STEP_METRICS) == {k for k in TASKS if k not in ("causal-lm", "masked-lm", "seq2seq")}


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_the_names_are_those_that_the_task_promises(task):
    promised = [name for name in METRICS[task.kind] if name not in WRITTEN - {LABELS.kind}]
    if task is LABELS:
        promised = list(METRICS[task.kind])
    assert list(computed(task, random_case(task))) == promised


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_without_targets_there_are_no_metrics(task):
    assert computed(task) == {}
    assert measured(task).report() is None
    if task is NUMBERS:
        return
    outputs, targets = random_case(task)
    padding = outputs, torch.full_like(targets, IGNORED)
    assert computed(task, padding) == {}
    assert measured(task, padding).report() is None


@settings(max_examples=10)
@given(cuts=st.lists(st.integers(1, 29), max_size=5, unique=True))
@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_how_the_held_out_set_is_cut_into_batches_does_not_matter(task, cuts):
    outputs, targets = random_case(task)
    edges = [0, *sorted(cuts), 30]
    parts = [(outputs[a:b], targets[a:b]) for a, b in zip(edges, edges[1:], strict=False)]
    whole = measured(task, (outputs, targets))
    assert computed(task, *parts) == pytest.approx(whole.compute(), rel=1e-6)
    assert measured(task, *parts).report() == whole.report()


@pytest.mark.parametrize("task", [t for t in TASKS.values() if t is not NUMBERS], ids=str)
def test_padding_counts_in_no_metric(task):
    """Also when the model is sure of padding, or wrong everywhere else."""
    outputs, targets = random_case(task)
    kept = (targets != IGNORED) if targets.ndim == 1 else (targets != IGNORED).all(dim=1)
    padded = targets.clone()
    padded[~kept] = IGNORED
    expected = computed(task, (outputs[kept], targets[kept]))
    assert computed(task, (outputs, padded)) == pytest.approx(expected)
    outputs[~kept] = 100 * outputs[~kept]
    assert computed(task, (outputs, padded)) == pytest.approx(expected)


# -- models that choose a class --------------------------------------------------------------------


def test_a_known_case_of_classification():
    metrics = computed(SMOOTH, (sure_of(PREDICTED), TRUE))
    # Class 0: precision 1/2, recall 1; class 1: precision 1, recall 3/4; class 3: all right.
    assert metrics["accuracy"] == pytest.approx(5 / 6)
    assert metrics["precision_macro"] == pytest.approx((1 / 2 + 1 + 1) / 3)
    assert metrics["recall_macro"] == pytest.approx((1 + 3 / 4 + 1) / 3)
    assert metrics["f1_macro"] == pytest.approx((2 / 3 + 6 / 7 + 1) / 3)
    assert metrics["f1_weighted"] == pytest.approx((2 / 3 + 4 * 6 / 7 + 1) / 6)
    assert metrics["loss"] == pytest.approx(20 / 6, abs=1e-6)
    assert metrics["calibration_error"] == pytest.approx(1 / 6, abs=1e-6)
    # Class 0: of 5 others one is as likely, 4 less; class 1: of the 4 one is with the two others.
    assert metrics["auroc"] == pytest.approx((4.5 / 5 + (3 + 0.5) / 4 + 1) / 3, abs=1e-6)


def test_the_right_class_among_the_first_three():
    logits = torch.tensor([[4.0, 3, 2, 1]]).repeat(4, 1)
    metrics = computed(IMAGES, (logits, [0, 1, 2, 3]))
    assert metrics["accuracy"] == 0.25
    assert metrics["top3_accuracy"] == 0.75


def test_the_third_of_three_classes_is_no_measurement():
    assert "top3_accuracy" not in computed(IMAGES, (torch.eye(3), [0, 1, 2]))


def test_ranking_one_class_against_none_is_no_measurement():
    metrics = computed(IMAGES, (sure_of([0, 1, 0]), [2, 2, 2]))
    assert "auroc" not in metrics
    assert metrics["accuracy"] == 0


def test_of_equal_logits_the_first_is_chosen():
    logits, classes = torch.zeros(4, 4), torch.arange(4)
    assert chosen(logits).tolist() == [0, 0, 0, 0]
    assert computed(IMAGES, (logits, classes))["accuracy"] == 0.25


def test_classes_of_which_none_is_there_have_no_part_in_the_ranking():
    """The mean is over class 0 (one of two pairs in order) and class 1, which says the same."""
    probabilities = torch.tensor([[0.6, 0.3, 0.1], [0.7, 0.2, 0.1], [0.5, 0.4, 0.1]])
    metrics = computed(IMAGES, (probabilities.log(), [0, 1, 1]))
    assert metrics["auroc"] == pytest.approx(0.5)


@pytest.mark.parametrize("classes", [2, 10, 100, 1000])
@pytest.mark.parametrize("sharpness", [0.05, 1.0, 4.0])
def test_binned_ranks_are_close_to_exact_ones(classes, sharpness):
    """Also for a model that has learned nothing yet, and where every probability is tiny."""
    generator = torch.Generator().manual_seed(0)
    targets = torch.randint(classes, (2000,), generator=generator)
    there = torch.nn.functional.one_hot(targets, classes)
    logits = torch.randn(2000, classes, generator=generator) + there
    areas = []
    for most_exact in (10**9, 1_000_000, 0):
        ranking = Ranking(classes, most_exact=most_exact)
        for rows in torch.arange(2000).split(500):
            ranking.add((sharpness * logits[rows]).softmax(dim=-1), there[rows])
        areas.append(ranking.mean_area())
    exact, late, binned = areas
    assert binned == pytest.approx(exact, abs=0.003)
    assert binned != exact
    assert late == (binned if classes == 1000 else exact)


def test_counting_is_the_same_under_deterministic_algorithms():
    outputs, targets = random_case(IMAGES, samples=300)
    expected = measured(IMAGES, (outputs, targets))
    before = torch.get_deterministic_debug_mode()
    torch.set_deterministic_debug_mode(2)
    try:
        found = measured(IMAGES, (outputs, targets))
        assert found.compute() == expected.compute()
        assert found.report() == expected.report()
        assert torch.get_deterministic_debug_mode() == 2
    finally:
        torch.set_deterministic_debug_mode(before)


@pytest.mark.parametrize("mode", [0, 1, 2])
def test_the_switch_of_deterministic_algorithms_is_put_back_after_an_error(mode):
    def fail():
        assert not torch.are_deterministic_algorithms_enabled()
        raise KeyError

    before = torch.get_deterministic_debug_mode()
    torch.set_deterministic_debug_mode(mode)
    try:
        with pytest.raises(KeyError), counting():
            fail()
        assert torch.get_deterministic_debug_mode() == mode
    finally:
        torch.set_deterministic_debug_mode(before)


def test_a_model_that_is_not_finite_is_not_judged_by_its_choices():
    logits = torch.full((2, 4), math.nan)
    found = computed(IMAGES, (logits, [0, 1]))
    assert list(found) == ["loss"]
    assert math.isnan(found["loss"])
    found = computed(LABELS, (logits, torch.ones(2, 4)))
    assert list(found) == ["loss"]


@pytest.mark.parametrize("task", [IMAGES, LABELS], ids=str)
def test_a_single_class_is_judged_as_well(task):
    targets = torch.zeros(3, dtype=torch.long) if task is IMAGES else torch.ones(3, 1)
    metrics = measured(task, (torch.ones(3, 1), targets))
    assert metrics.compute()["f1_macro"] == 1
    report = metrics.report()
    assert report["samples"] == 3
    assert report["classes" if task is IMAGES else "labels"]["support"] == [3]


def test_scores_of_many_classes_stay_small():
    """A matrix of 2,000 by 2,000 classes is not made; what it would say is said all the same."""
    logits = torch.zeros(6, 2000)
    true = torch.tensor([5, 5, 1999, 7, 7, 7])
    logits[range(6), [5, 5, 1999, 5, 5, 9]] = 9.0
    metrics = measured(IMAGES, (logits, true))
    found = metrics.compute()
    assert found["accuracy"] == 0.5
    assert found["precision_macro"] == pytest.approx((1 / 2 + 0 + 0 + 1) / 4)
    report = metrics.report()
    assert report["confused"] == [
        {"true": "7", "predicted": "5", "count": 2},
        {"true": "7", "predicted": "9", "count": 1},
    ]
    assert len(report["classes"]["name"]) == 1000
    assert report["classes"]["name"][-1] == "1999"


# -- language models -------------------------------------------------------------------------------


def test_a_uniform_guess_costs_the_log_of_the_alphabet():
    metrics = computed(TEXT, (torch.zeros(2, 3, 8), torch.zeros(2, 3, dtype=torch.long)))
    expected = {"loss": math.log(8), "perplexity": 8, "bits_per_char": 3, "bits_per_byte": 3}
    assert metrics == pytest.approx(expected | {"accuracy": 1})


def test_bits_are_those_of_the_text_and_not_of_its_tokens():
    """Tokens: a special one, 'ab', 'é'; the text 'abéé' has 4 characters in 6 bytes."""
    known = Known(token_chars=np.array([0, 2, 1]), token_bytes=np.array([0, 2, 2]))
    targets = torch.tensor([[1, 2, 2, 0, IGNORED]])
    metrics = computed(TEXT, (torch.zeros(1, 5, 3), targets), known=known)
    assert metrics["bits_per_char"] == pytest.approx(4 * math.log2(3) / 4)
    assert metrics["bits_per_byte"] == pytest.approx(4 * math.log2(3) / 6)


def test_bits_of_unknown_tokens_are_not_invented():
    metrics = computed(TEXT, (torch.zeros(2, 8), [0, 1]), known=Known())
    assert list(metrics) == ["loss", "perplexity", "accuracy"]


class Successor(nn.Module):
    """Knows that after every token comes the next number."""

    def forward(self, tokens):
        return sure_of(((tokens + 1) % 7).tolist(), 7)


class Echo(nn.Module):
    """Says what it has just read."""

    def forward(self, tokens):
        return sure_of(tokens.tolist(), 7)


@pytest.mark.parametrize(("model", "accuracy"), [(Successor(), 1.0), (Echo(), 0.0)])
def test_a_prediction_is_compared_with_the_token_that_comes_next(model, accuracy):
    """Shifting twice, or not at all, would turn these around."""
    source = TextBlocks(torch.arange(50) % 7, 6, seed=None)
    batch = source.batch(0, np.arange(len(source)))
    metrics = computed(TEXT, (model(batch["inputs"]), batch["targets"]))
    assert metrics["accuracy"] == accuracy
    assert (metrics["loss"] < 0.01) == (accuracy == 1)


@pytest.mark.parametrize(
    ("loss", "expected"), [(0.0, 1.0), (709.0, math.exp(709)), (710.0, math.inf)]
)
def test_perplexity_is_infinite_rather_than_an_error(loss, expected):
    assert perplexity(loss) == expected


def test_a_nan_stays_one():
    assert math.isnan(computed(TEXT, (torch.full((1, 4), math.nan), [0]))["perplexity"])


def test_bits_are_nats_over_ln_2():
    assert bits(math.log(2)) == 1.0


# -- labels, numbers, texts ------------------------------------------------------------------------


def test_a_known_case_of_labels():
    given_ = torch.tensor([[1, 1, 0], [0, 1, 0], [0, 0, 0], [1, 0, 0]])
    there = torch.tensor([[1, 0, 0], [0, 1, 0], [1, IGNORED, 0], [IGNORED] * 3]).float()
    metrics = computed(LABELS, (20.0 * (2 * given_ - 1), there))
    assert metrics["exact_match"] == pytest.approx(1 / 3)
    assert metrics["label_accuracy"] == pytest.approx(6 / 8)
    assert metrics["precision_macro"] == pytest.approx((1 + 1 / 2) / 2)  # of two that occur
    assert metrics["recall_macro"] == pytest.approx((1 / 2 + 1) / 2)
    assert metrics["f1_macro"] == pytest.approx(2 / 3)
    assert metrics["f1_micro"] == pytest.approx(4 / (4 + 1 + 1))
    assert metrics["auroc"] == pytest.approx((0.75 + 0.5) / 2)
    assert metrics["loss"] == pytest.approx(20 * 2 / 8, abs=1e-6)


def test_labels_that_never_occur_are_not_scored():
    metrics = computed(LABELS, (torch.full((2, 3), -9.0), torch.zeros(2, 3)))
    assert set(metrics) == {"loss", "exact_match", "label_accuracy"}
    assert metrics["exact_match"] == 1


def test_errors_are_in_the_unit_of_the_target():
    outputs, targets = torch.tensor([0.0, 1.0, 2.0]), torch.tensor([1.0, 1.0, 4.0])
    metrics = computed(NUMBERS, (outputs, targets), known=Known(target_mean=100, target_std=10))
    assert metrics["loss"] == pytest.approx(5 / 3)
    assert metrics["mae"] == pytest.approx(10)
    assert metrics["rmse"] == pytest.approx(10 * math.sqrt(5 / 3))
    assert metrics["r2"] == pytest.approx(1 - 5 / 6)
    assert computed(NUMBERS, (outputs[:, None], targets))["mae"] == pytest.approx(1)


@pytest.mark.parametrize("targets", [[3.0], [3.0, 3.0]])
def test_what_does_not_vary_cannot_be_explained(targets):
    found = computed(NUMBERS, (torch.ones(len(targets)), targets))
    assert found == pytest.approx({"loss": 4, "mae": 2, "rmse": 2})


def test_written_texts_are_compared_by_characters_and_words():
    found = text_metrics(["the cat", "a", "xyz"], ["the cat", "b", "xyz abc"])
    assert found["exact_match"] == pytest.approx(1 / 3)
    assert found["rouge_l"] == pytest.approx((1 + 0 + 2 / 3) / 3)
    assert 0.4 < found["chrf"] < 0.9


@pytest.mark.parametrize(
    ("written", "chrf"),
    [
        ("abc", 1.0),
        ("a b c", 1.0),
        ("a", 5 * (1 / 3) / (4 + 1 / 3)),
        ("ab", (5 * (2 / 3) / (4 + 2 / 3) + 5 * (1 / 2) / (4 + 1 / 2)) / 2),
        ("xyz", 0.0),
    ],
)
def test_chrf_by_hand(written, chrf):
    """Precision 1 and the recall of 'abc' in each length of n-grams that was written; beta 2."""
    assert text_metrics([written], ["abc"])["chrf"] == pytest.approx(chrf, abs=1e-6)


def test_texts_without_words_have_no_score_of_words():
    assert "rouge_l" not in text_metrics(["!"], ["?!"])
    assert text_metrics(["日本"], ["日本"])["rouge_l"] == 1.0
    assert text_metrics([""], ["word"]) == {"exact_match": 0, "chrf": 0, "rouge_l": 0}
    assert text_metrics([""], [""]) == {"exact_match": 1}
    assert text_metrics([], []) == {}


# -- a training batch ------------------------------------------------------------------------------


def test_accuracy_of_a_step_leaves_padding_out():
    measures = step_metrics(sure_of([0, 1, 2, 3]), torch.tensor([0, 1, 1, IGNORED]), IMAGES)
    assert measures["accuracy"].item() == pytest.approx(2 / 3)
    assert not measures["accuracy"].requires_grad


@pytest.mark.parametrize("kind", ["causal-lm", "masked-lm", "seq2seq"])
def test_a_model_over_a_vocabulary_has_no_measure_of_a_step_beside_its_loss(kind):
    assert step_metrics(sure_of([0]), torch.tensor([0]), TASKS[kind]) == {}


@pytest.mark.parametrize("kind", STEP_METRICS)
def test_a_step_measures_what_a_validation_measures(kind):
    task, known = TASKS[kind], Known(target_std=3.0)
    outputs, targets = random_case(task)
    outputs.requires_grad_()
    (name, value), *others = step_metrics(outputs, targets, task, known).items()
    assert not others
    assert value.item() == pytest.approx(computed(task, (outputs, targets), known=known)[name])
    assert not value.requires_grad


def test_a_batch_of_padding_measures_nothing_of_an_update():
    targets = torch.full((4,), IGNORED)
    assert step_metrics(sure_of(TRUE[:4]), targets, IMAGES)["accuracy"].item() == 0


def test_torchmetrics_is_imported_late_and_without_what_it_would_import_besides():
    script = (
        "import sys\n"
        "import engine.metrics\n"
        "assert 'torchmetrics' not in sys.modules\n"
        "engine.metrics.torchmetrics_alone.ready()\n"
        "assert 'torchmetrics' in sys.modules\n"
        "assert {'transformers', 'matplotlib', 'scipy.signal'} & set(sys.modules) == set()\n"
        "from lightning_utilities.core.imports import RequirementCache\n"
        "assert RequirementCache('scipy'), 'others are told what there is'\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
