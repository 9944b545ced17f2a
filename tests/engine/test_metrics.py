"""Metrics: over the whole held-out set, weighted by targets, nothing invented."""

import math
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.losses import IGNORED
from engine.metrics import bits, perplexity, step_metrics, validation_metrics
from engine.task_spec import METRICS, TaskSpec

TEXT = TaskSpec(kind="causal-lm")
IMAGES = TaskSpec(kind="image-classification", label_smoothing=0.5)
PREDICTED, TRUE = [0, 0, 1, 1, 1, 3], [0, 1, 1, 1, 1, 3]


def sure_of(classes, count=4):
    """Logits that are nearly certain of these classes."""
    return 20 * torch.nn.functional.one_hot(torch.tensor(classes), count).float()


def computed(task, *batches):
    metrics = validation_metrics(task)
    with torch.inference_mode():
        for outputs, targets in batches:
            metrics.update(outputs, torch.as_tensor(targets))
    return metrics.compute()


@pytest.mark.parametrize("task", [TEXT, IMAGES], ids=lambda task: task.kind)
def test_the_names_are_those_that_the_task_promises(task):
    assert list(computed(task, (sure_of(PREDICTED), TRUE))) == list(METRICS[task.kind])


@pytest.mark.parametrize("task", [TEXT, IMAGES], ids=lambda task: task.kind)
@pytest.mark.parametrize("batches", [[], [(sure_of([0, 1]), [IGNORED, IGNORED])]])
def test_without_targets_there_are_no_metrics(task, batches):
    assert computed(task, *batches) == {}


def test_a_known_case_of_classification():
    metrics = computed(IMAGES, (sure_of(PREDICTED), TRUE))
    # Class 0: precision 1/2, recall 1; class 1: precision 1, recall 3/4; class 3: all right.
    f1_macro = (2 / 3 + 6 / 7 + 1) / 3
    assert metrics["accuracy"] == pytest.approx(5 / 6)
    assert metrics["f1_macro"] == pytest.approx(f1_macro)
    assert metrics["loss"] == pytest.approx(20 / 6, abs=1e-6)


def test_a_uniform_guess_costs_the_log_of_the_alphabet():
    metrics = computed(TEXT, (torch.zeros(2, 3, 8), torch.zeros(2, 3, dtype=torch.long)))
    assert metrics == pytest.approx({"loss": math.log(8), "perplexity": 8, "bits_per_char": 3})


@settings(max_examples=20)
@given(cuts=st.lists(st.integers(1, 29), max_size=5, unique=True))
@pytest.mark.parametrize("task", [TEXT, IMAGES], ids=lambda task: task.kind)
def test_how_the_held_out_set_is_cut_into_batches_does_not_matter(task, cuts):
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(30, 4, generator=generator)
    targets = torch.randint(4, (30,), generator=generator)
    targets[:5] = IGNORED
    edges = [0, *sorted(cuts), 30]
    parts = [(logits[a:b], targets[a:b]) for a, b in zip(edges, edges[1:], strict=False)]
    assert computed(task, *parts) == pytest.approx(computed(task, (logits, targets)))


@pytest.mark.parametrize(
    ("loss", "expected"), [(0.0, 1.0), (709.0, math.exp(709)), (710.0, math.inf)]
)
def test_perplexity_is_infinite_rather_than_an_error(loss, expected):
    assert perplexity(loss) == expected


def test_a_nan_stays_one():
    assert math.isnan(computed(TEXT, (torch.full((1, 4), math.nan), [0]))["perplexity"])


def test_bits_are_nats_over_ln_2():
    assert bits(math.log(2)) == 1.0


def test_accuracy_of_a_step_leaves_padding_out():
    measures = step_metrics(sure_of([0, 1, 2, 3]), torch.tensor([0, 1, 1, IGNORED]), IMAGES)
    assert measures["accuracy"].item() == pytest.approx(2 / 3)
    assert not measures["accuracy"].requires_grad


def test_a_language_model_has_no_measure_of_a_step_beside_its_loss():
    assert step_metrics(sure_of([0]), torch.tensor([0]), TEXT) == {}


def test_importing_the_metrics_does_not_import_torchmetrics():
    script = "import sys, engine.metrics; assert 'torchmetrics' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)
