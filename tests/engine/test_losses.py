"""Losses: parts of a batch add up to the whole, padding counts nowhere."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from engine.losses import IGNORED, LogitsDoNotFit, loss_sum, plain_loss_sum, target_count
from engine.task_spec import TaskSpec

TEXT = TaskSpec(kind="causal-lm")
SMOOTH = TaskSpec(kind="image-classification", loss={"name": "cross-entropy", "label_smoothing": 0.1})


def random_case(samples=10, length=5, classes=7, padding=0.3):
    generator = torch.Generator().manual_seed(samples)
    inputs = torch.randn(samples, length, 4, generator=generator)
    targets = torch.randint(classes, (samples, length), generator=generator)
    padded = torch.rand(samples, length, generator=generator) < padding
    return inputs, targets.masked_fill(padded, IGNORED), classes


def gradient(model, parts, task):
    """Of the mean over all targets of all parts, as the training loop makes it."""
    model.zero_grad()
    count = sum(target_count(targets) for _, targets in parts)
    for inputs, targets in parts:
        (loss_sum(model(inputs), targets, task) / count).backward()
    return [p.grad.clone() for p in model.parameters()]


@given(
    cuts=st.lists(st.integers(1, 9), max_size=4, unique=True), task=st.sampled_from([TEXT, SMOOTH])
)
def test_unequal_parts_make_the_gradient_of_the_whole_batch(cuts, task):
    inputs, targets, classes = random_case()
    torch.manual_seed(0)
    model = nn.Linear(4, classes)
    edges = [0, *sorted(cuts), len(inputs)]
    parts = [(inputs[a:b], targets[a:b]) for a, b in zip(edges, edges[1:], strict=False)]
    whole = gradient(model, [(inputs, targets)], task)
    for one, other in zip(gradient(model, parts, task), whole, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_the_whole_batch_is_torchs_mean_without_padding():
    inputs, targets, classes = random_case()
    logits = inputs @ torch.ones(4, classes)
    kept = targets != IGNORED
    mean = loss_sum(logits, targets, TEXT) / target_count(targets)
    assert mean.item() == pytest.approx(F.cross_entropy(logits[kept], targets[kept]).item())


@pytest.mark.parametrize(
    ("targets", "count"),
    [([1, 2, 3], 3), ([1, IGNORED, 3], 2), ([[IGNORED], [IGNORED]], 0), ([[0, 1], [2, 3]], 4)],
)
def test_padding_is_not_counted(targets, count):
    assert target_count(torch.tensor(targets)) == count


def test_smoothing_changes_the_training_loss_only():
    logits, targets = torch.eye(3) * 5, torch.arange(3)
    assert loss_sum(logits, targets, SMOOTH) > plain_loss_sum(logits, targets)
    assert plain_loss_sum(logits, targets) == loss_sum(logits, targets, TEXT)


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        (torch.zeros(2, 5, 7), r"\(2, 5, 7\) for targets of shape \(2, 6\)"),
        (torch.zeros(2, 6), r"\(2, 6\) for targets"),
        ((torch.zeros(2, 6, 7),), "tuple for targets"),
    ],
)
def test_outputs_that_cannot_be_compared_are_named(outputs, words):
    with pytest.raises(LogitsDoNotFit, match=words):
        loss_sum(outputs, torch.zeros(2, 6, dtype=torch.long), TEXT)
