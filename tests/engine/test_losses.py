"""Losses: parts of a batch add up to the whole, padding counts nowhere, formulas are the known."""

import math
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from engine.data.batching import ArraySource
from engine.losses import (
    IGNORED,
    Amount,
    LogitsDoNotFit,
    TargetsDoNotFit,
    class_counts,
    loss_for,
    plain_loss,
)
from engine.losses.balance import balanced_weights, positive_weights
from engine.losses.kinds import ClassLoss
from engine.task_spec import LOSSES, TaskKind, TaskSpec


def task_of(kind, name, **options):
    return TaskSpec(kind=kind, loss={"name": name, **options})


TEXT = TaskSpec(kind="causal-lm")
IMAGES = TaskSpec(kind="image-classification")
LABELS = TaskSpec(kind="multi-label-classification")
NUMBERS = TaskSpec(kind="tabular-regression")
SMOOTH = task_of("token-classification", "cross-entropy", label_smoothing=0.1)
BALANCED = task_of("image-classification", "cross-entropy", class_weights="balanced")
SMOOTH_BALANCED = task_of(
    "causal-lm", "cross-entropy", label_smoothing=0.3, class_weights="balanced"
)
FOCAL = task_of("masked-lm", "focal")
FOCAL_BALANCED = task_of("causal-lm", "focal", gamma=0.5, class_weights="balanced")
LABELS_BALANCED = task_of(
    "multi-label-classification", "binary-cross-entropy", class_weights="balanced"
)
HUBER = task_of("tabular-regression", "huber", delta=0.5)
TASKS = [TEXT, SMOOTH, BALANCED, SMOOTH_BALANCED, FOCAL, FOCAL_BALANCED, LABELS, LABELS_BALANCED]
TASKS += [NUMBERS, HUBER]

SAMPLES, LENGTH, CLASSES = 10, 5, 7


def random_case(task):
    """Inputs (10, [5,] 4) in float64 and targets of the task, of which some are padding."""
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(SAMPLES, LENGTH, 4, generator=generator, dtype=torch.float64)
    padded = torch.rand(SAMPLES, LENGTH, generator=generator) < 0.3
    targets = torch.randint(CLASSES, (SAMPLES, LENGTH), generator=generator)
    targets[targets == 2] = 1  # a frequent class, and one that never occurs
    match task.kind:
        case "tabular-regression":
            return inputs[:, 0], inputs[:, 1, 0] * 2
        case "multi-label-classification":
            cells = torch.randint(2, (SAMPLES, CLASSES), generator=generator).float()
            cells[0], cells[3, 2] = IGNORED, IGNORED
            return inputs[:, 0], cells
        case "image-classification":
            return inputs[:, 0], targets[:, 0]
    return inputs, targets.masked_fill(padded, IGNORED)


def model_of(task):
    torch.manual_seed(0)
    return nn.Linear(4, 1 if task.kind == "tabular-regression" else CLASSES).double()


def gradient(loss, model, parts):
    """Of the mean over all parts, as the training loop makes it."""
    model.zero_grad()
    weight = sum(loss.amount(targets).weight for _, targets in parts)
    for inputs, targets in parts:
        (loss.sum(model(inputs), targets) / weight).backward()
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


@given(cuts=st.lists(st.integers(1, SAMPLES - 1), max_size=4, unique=True))
@pytest.mark.parametrize("task", TASKS, ids=lambda task: f"{task.kind} {task.loss!r}")
def test_unequal_parts_make_the_gradient_of_the_whole_batch(cuts, task):
    inputs, targets = random_case(task)
    loss = loss_for(task, ArraySource({"inputs": inputs, "targets": targets}))
    edges = [0, *sorted(cuts), SAMPLES]
    parts = [(inputs[a:b], targets[a:b]) for a, b in zip(edges, edges[1:], strict=False)]
    whole = gradient(loss, model_of(task), [(inputs, targets)])
    torch.testing.assert_close(gradient(loss, model_of(task), parts), whole, rtol=1e-6, atol=1e-9)
    assert whole.abs().max() > 1e-3


# -- each loss is the one that PyTorch or its paper defines ----------------------------------------


def mean(task, outputs, targets, train=None):
    loss = loss_for(task, ArraySource({"targets": targets if train is None else train}))
    return (loss.sum(outputs, targets) / loss.amount(targets).weight).item()


def logits_and_targets():
    generator = torch.Generator().manual_seed(2)
    targets = torch.tensor([0, 0, 0, 1, 1, 2, IGNORED, 0])
    return torch.randn(8, 4, generator=generator) * 3, targets


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy_is_torchs_mean_without_padding(smoothing):
    logits, targets = logits_and_targets()
    task = task_of("image-classification", "cross-entropy", label_smoothing=smoothing)
    kept = targets != IGNORED
    expected = F.cross_entropy(logits[kept], targets[kept], label_smoothing=smoothing)
    assert mean(task, logits, targets) == pytest.approx(expected.item())


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_weighted_cross_entropy_is_torchs_weighted_mean(smoothing):
    logits, targets = logits_and_targets()
    task = task_of(
        "image-classification", "cross-entropy", label_smoothing=smoothing, class_weights="balanced"
    )
    weights = torch.tensor([7 / (3 * 4), 7 / (3 * 2), 7 / (3 * 1), 0.0])
    expected = F.cross_entropy(logits, targets, weights, label_smoothing=smoothing)
    assert mean(task, logits, targets) == pytest.approx(expected.item(), rel=1e-6)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
def test_focal_loss_is_the_formula_of_the_paper(gamma):
    logits, targets = logits_and_targets()
    total = 0.0
    for row, target in zip(logits.double(), targets.tolist(), strict=True):
        if target != IGNORED:
            p = row.softmax(0)[target].item()
            total += -((1 - p) ** gamma) * math.log(p)
    task = task_of("image-classification", "focal", gamma=gamma)
    assert mean(task, logits, targets) == pytest.approx(total / 7, rel=1e-5)


def test_a_focal_loss_of_literal_probabilities():
    """Figure 1 of the paper: with gamma 2, p 0.9 costs 100 times less than cross entropy."""
    logits = torch.tensor([[0.9, 0.1]]).log()
    targets = torch.tensor([0])
    assert mean(task_of("image-classification", "focal"), logits, targets) == pytest.approx(
        0.01 * -math.log(0.9), rel=1e-5
    )


def test_focal_loss_without_focus_is_cross_entropy():
    logits, targets = logits_and_targets()
    plain = task_of("image-classification", "focal", gamma=0.0)
    assert mean(plain, logits, targets) == pytest.approx(mean(IMAGES, logits, targets))


@pytest.mark.parametrize("gamma", [0.0, 0.3, 1.0, 2.0])
def test_a_certain_model_has_a_finite_focal_gradient(gamma):
    """(1 - p)^gamma is infinitely steep at p = 1 for gamma below 1."""
    logits = torch.tensor([[200.0, 0.0], [0.0, 200.0]], requires_grad=True)
    loss = plain_loss(task_of("image-classification", "focal", gamma=gamma))
    loss.sum(logits, torch.tensor([0, 0])).backward()
    assert logits.grad.isfinite().all()
    assert logits.grad[0].abs().max() < 1e-6
    assert logits.grad[1].abs().max() > 0.9


@pytest.mark.parametrize("task", [LABELS, LABELS_BALANCED], ids=["equal", "balanced"])
def test_binary_cross_entropy_is_torchs_mean_over_the_cells(task):
    logits = torch.tensor([[2.0, -1.0], [0.5, 3.0], [-2.0, 0.0], [1.0, 1.0]])
    targets = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, IGNORED], [IGNORED, IGNORED]])
    weight = torch.tensor([2.0, 1.0]) if task is LABELS_BALANCED else None
    cells = F.binary_cross_entropy_with_logits(
        logits, targets.clamp(min=0), pos_weight=weight, reduction="none"
    )
    assert mean(task, logits, targets) == pytest.approx(cells[targets != IGNORED].mean().item())


def test_errors_are_torchs():
    outputs, targets = torch.tensor([0.0, 1.0, 5.0]), torch.tensor([0.1, 3.0, 5.0])
    assert mean(NUMBERS, outputs, targets) == pytest.approx((0.01 + 4) / 3)
    assert mean(HUBER, outputs, targets) == pytest.approx((0.005 + 0.5 * (2 - 0.25)) / 3)
    expected = F.huber_loss(outputs, targets, delta=0.5).item()
    assert mean(HUBER, outputs, targets) == pytest.approx(expected)


def test_one_column_of_outputs_is_not_compared_each_with_each():
    outputs, targets = torch.tensor([[0.0], [1.0]]), torch.tensor([0.0, 1.0])
    assert mean(NUMBERS, outputs, targets) == 0.0
    assert mean(NUMBERS, outputs, targets[:, None]) == 0.0
    assert mean(HUBER, outputs, targets) == 0.0


def test_models_are_judged_without_what_only_training_wants():
    logits, targets = logits_and_targets()
    source = ArraySource({"targets": targets})
    wanted = plain_loss(IMAGES).sum(logits, targets)
    for task in (SMOOTH, SMOOTH_BALANCED, BALANCED, FOCAL, FOCAL_BALANCED):
        loss = loss_for(task, source)
        assert loss.plain_sum(logits, targets) == wanted
        assert loss.sum(logits, targets) != wanted
    outputs = torch.tensor([0.0, 9.0])
    assert plain_loss(HUBER).plain_sum(outputs, torch.zeros(2)) == 81


def test_the_sum_of_narrow_numbers_is_wide():
    """A thousand losses of about 4: bfloat16 would lose every digit behind the first two."""
    logits = torch.zeros(1000, 55, dtype=torch.bfloat16)
    for task in (IMAGES, FOCAL):
        total = plain_loss(task).plain_sum(logits, torch.zeros(1000, dtype=torch.long))
        assert total.item() == pytest.approx(1000 * math.log(55), rel=1e-5)


# -- what counts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("targets", "count"),
    [([1, 2, 3], 3), ([1, IGNORED, 3], 2), ([[IGNORED], [IGNORED]], 0), ([[0, 1], [2, 3]], 4)],
)
def test_padding_is_not_counted(targets, count):
    tensor = torch.tensor(targets)
    assert plain_loss(TEXT).amount(tensor) == Amount(count, count)
    assert int(plain_loss(TEXT).counted(tensor)) == count
    assert plain_loss(LABELS).amount(tensor.float()) == Amount(count, count)
    assert int(plain_loss(LABELS).counted(tensor.float())) == count


def test_every_number_counts_even_one_that_means_padding_elsewhere():
    targets = torch.tensor([IGNORED, 1.0])
    assert plain_loss(NUMBERS).amount(targets) == (2, 2)
    assert mean(NUMBERS, torch.tensor([IGNORED + 1.0, 1.0]), targets) == 0.5


def test_the_weight_of_targets_is_that_of_their_classes():
    loss = ClassLoss(BALANCED.loss, np.array([0.5, 2.0]))
    targets = torch.tensor([0, 1, 1, IGNORED, 5])
    assert loss.amount(targets) == Amount(4, 4.5)


@given(st.lists(st.integers(-1, 4), min_size=1, max_size=40))
def test_balanced_classes_have_equal_shares(classes):
    targets = torch.tensor([IGNORED if one < 0 else one for one in classes])
    counts = class_counts(ArraySource({"targets": targets}), IMAGES)
    weights = balanced_weights(counts)
    present = counts > 0
    assert counts.tolist() == [classes.count(one) for one in range(max(classes) + 1)]
    assert (weights[~present] == 0).all()
    if present.any():
        shares = (weights * counts)[present]
        assert shares == pytest.approx(np.full(present.sum(), counts.sum() / present.sum()))


def test_classes_are_counted_across_batches():
    targets = torch.arange(3000) % 3
    targets[2999] = 6
    counts = class_counts(ArraySource({"targets": targets}), IMAGES)
    assert counts.tolist() == [1000, 1000, 999, 0, 0, 0, 1]
    assert counts.dtype == np.int64


def test_labels_are_counted_as_absent_and_present():
    cells = torch.tensor([[1.0, 0.0, 1.0], [0.0, IGNORED, 1.0], [0.0, 0.0, IGNORED]])
    counts = class_counts(ArraySource({"targets": cells}), LABELS)
    assert counts.tolist() == [[2, 1], [2, 0], [0, 2]]
    assert positive_weights(counts).tolist() == [2.0, 1.0, 1.0]


class Noisy:
    """A source that draws random numbers whenever it is read."""

    def __len__(self):
        return 3

    def batch(self, epoch, indices):
        return {"targets": torch.randint(3, (len(indices),))}


def test_counting_leaves_the_random_numbers_as_they_were():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    loss_for(BALANCED, Noisy())
    assert torch.rand(1) == expected


def test_data_is_read_only_where_its_classes_must_be_counted():
    class Unread:
        def __len__(self):
            raise AssertionError

    for task in (TEXT, SMOOTH, FOCAL, LABELS, NUMBERS, HUBER):
        loss_for(task, Unread())


# -- what does not fit is said ---------------------------------------------------------------------

CLASS_WORDS = "the classes as a last dimension"
LABEL_WORDS = r"logits \(samples, labels\), one for each label"
NUMBER_WORDS = r"numbers, one a sample: \(samples,\) or \(samples, 1\)"


@pytest.mark.parametrize(
    ("task", "outputs", "targets", "words"),
    [
        (TEXT, torch.zeros(2, 5, 7), torch.zeros(2, 6), r"\(2, 5, 7\) for targets of .*\(2, 6\)"),
        (TEXT, torch.zeros(2, 6), torch.zeros(2, 6), CLASS_WORDS),
        (TEXT, (torch.zeros(2, 6, 7),), torch.zeros(2, 6), "tuple for targets"),
        (FOCAL, torch.zeros(2, 6), torch.zeros(2, 6), CLASS_WORDS),
        (IMAGES, torch.zeros(2, 3, 3), torch.zeros(2), CLASS_WORDS),
        (LABELS, torch.zeros(2, 3), torch.zeros(2), LABEL_WORDS),
        (LABELS, torch.zeros(2), torch.zeros(2), LABEL_WORDS),
        (LABELS, None, torch.zeros(2, 3), "NoneType for targets"),
        (NUMBERS, torch.zeros(2, 3), torch.zeros(2), NUMBER_WORDS),
        (NUMBERS, torch.zeros(2, 3), torch.zeros(2, 3), NUMBER_WORDS),
        (HUBER, torch.zeros(3, 1), torch.zeros(2), "as many numbers as there are targets"),
    ],
)
def test_outputs_that_cannot_be_compared_are_named(task, outputs, targets, words):
    targets = targets if task.kind in ("tabular-regression", LABELS.kind) else targets.long()
    with pytest.raises(LogitsDoNotFit, match=words):
        plain_loss(task).sum(outputs, targets)
    with pytest.raises(LogitsDoNotFit, match=words):
        plain_loss(task).plain_sum(outputs, targets)


@pytest.mark.parametrize(
    ("task", "targets", "words"),
    [
        (IMAGES, torch.tensor([0, 7]), "name class 7, .* 0 to 2: the model has no other"),
        (IMAGES, torch.tensor([0, -1]), "name class -1"),
        (FOCAL, torch.tensor([3, 0]), "name class 3"),
        (IMAGES, torch.tensor([0.0, 1.0]), "are torch.float32, .* whole numbers of classes"),
        (IMAGES, torch.tensor([True, False]), "are torch.bool"),
    ],
)
def test_targets_that_name_no_class_are_named(task, targets, words):
    with pytest.raises(TargetsDoNotFit, match=words):
        plain_loss(task).sum(torch.zeros(2, 3), targets)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32])
def test_narrow_whole_numbers_are_classes_too(dtype):
    logits, targets = logits_and_targets()
    kept = targets != IGNORED
    narrow = mean(IMAGES, logits[kept], targets[kept].to(dtype))
    assert narrow == mean(IMAGES, logits, targets)


def test_weights_for_more_classes_than_the_model_has_are_refused():
    source = ArraySource({"targets": torch.tensor([0, 4])})
    with pytest.raises(TargetsDoNotFit, match="class 4, .* 0 to 2"):
        loss_for(BALANCED, source).sum(torch.zeros(1, 3), torch.tensor([0]))


def test_classes_below_zero_cannot_be_counted():
    with pytest.raises(TargetsDoNotFit, match="hold -3"):
        class_counts(ArraySource({"targets": torch.tensor([0, -3])}), IMAGES)


@pytest.mark.parametrize("kind", get_args(TaskKind))
def test_every_task_has_losses_and_each_of_them_can_be_made(kind):
    for name in LOSSES[kind]:
        assert plain_loss(task_of(kind, name)) is not None
