"""Mixup and cutmix: images and their loss are mixed by the very same shares."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from engine.config.losses import CrossEntropyConfig, FocalConfig
from engine.data.augmentation_spec import Augmentation
from engine.data.batching import ArraySource, AugmentedImages, batch_sources
from engine.data.mixing import OTHERS, SHARES, mixture
from engine.data.sources import load
from engine.data.specs import DigitsSpec
from engine.losses import loss_for
from engine.losses.kinds import ClassLoss
from engine.losses.mixing import batch_amount, batch_sum
from engine.task_spec import TaskSpec
from tests.engine.training import config, loop_of

SAMPLES = 40
MIXUP, CUTMIX = Augmentation(mixup=0.8), Augmentation(cutmix=1.0)
BOTH = Augmentation(mixup=0.8, cutmix=1.0, flip_horizontal=True, cutout=0.2)
ONE_COLOUR = {
    "inputs": torch.arange(SAMPLES)[:, None, None, None].expand(-1, 3, 8, 6) / SAMPLES,
    "targets": torch.arange(SAMPLES),
}
"""Each image is of one brightness, which tells its sample; so does its target."""


def source_of(how: Augmentation, seed: int = 0) -> AugmentedImages:
    return AugmentedImages(ArraySource(ONE_COLOUR), how, seed=seed)


def test_the_share_of_the_area_is_the_share_of_the_label():
    batch = source_of(CUTMIX).batch(0, np.arange(SAMPLES))
    own = (batch["inputs"] == ONE_COLOUR["inputs"]).double().mean(dim=(1, 2, 3))
    other = (batch[OTHERS] / SAMPLES)[:, None, None, None]
    partner = (batch["inputs"] == other).double().mean(dim=(1, 2, 3))
    different = batch[OTHERS] != batch["targets"]
    assert different.sum() > SAMPLES / 2
    assert own[different].numpy() == pytest.approx(batch[SHARES][different].numpy(), abs=1e-6)
    assert (own + partner)[different].numpy() == pytest.approx(1.0)
    assert batch[SHARES].min() >= 0.5
    assert len(batch[SHARES].unique()) > 5


def test_a_blended_image_is_that_share_of_both():
    batch = source_of(MIXUP).batch(0, np.arange(SAMPLES))
    share = batch[SHARES]
    wanted = (share * batch["targets"] + (1 - share) * batch[OTHERS]) / SAMPLES
    for pixel in (batch["inputs"][:, 0, 0, 0], batch["inputs"][:, 2, 7, 5]):
        assert pixel.numpy() == pytest.approx(wanted.numpy(), abs=1e-6)
    assert batch[SHARES].min() >= 0.5


@pytest.mark.parametrize("alpha", [0.01, 0.2, 1.0, 4.0])
def test_shares_are_of_the_beta_distribution_and_partners_of_all_samples(alpha):
    how = Augmentation(mixup=alpha)
    found = mixture(np.arange(20_000), 7, how, seed=1, epoch=2)
    drawn = np.random.default_rng(0).beta(alpha, alpha, 200_000)
    folded = np.maximum(drawn, 1 - drawn)
    assert found.own.mean() == pytest.approx(folded.mean(), abs=0.005)
    assert found.own.std() == pytest.approx(folded.std(), abs=0.005)
    assert np.bincount(found.partners, minlength=7) / 20_000 == pytest.approx(1 / 7, abs=0.01)


def test_of_both_each_image_gets_one():
    found = mixture(np.arange(4000), 10, BOTH, seed=0, epoch=0)
    assert found.mixup.mean() == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("how", [MIXUP, CUTMIX, BOTH])
def test_a_mixed_image_is_alike_in_whatever_batch_it_is(how):
    source, places = source_of(how, seed=7), np.array([3, 9, 31, 4])
    whole = source.batch(5, places)
    for row, place in enumerate(places):
        alone = source.batch(5, np.array([place]))
        assert all(torch.equal(whole[name][row], alone[name][0]) for name in whole)
    later = source.batch(6, places)
    assert not torch.equal(whole["inputs"], later["inputs"])


def logits_and_batch() -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(6, 4, generator=generator)
    batch = {
        "targets": torch.tensor([0, 1, 2, 3, 0, 0]),
        OTHERS: torch.tensor([1, 1, 3, 0, 2, 0]),
        SHARES: torch.tensor([0.5, 0.7, 0.9, 1.0, 0.6, 0.8]),
    }
    return logits, batch


def soft(batch: dict[str, torch.Tensor]) -> torch.Tensor:
    own, other = (F.one_hot(batch[name], 4).float() for name in ("targets", OTHERS))
    return batch[SHARES][:, None] * own + (1 - batch[SHARES][:, None]) * other


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weights", [None, np.array([0.5, 1.0, 2.0, 3.0])])
def test_cross_entropy_is_torchs_with_the_shares_as_probabilities(smoothing, weights):
    logits, batch = logits_and_batch()
    loss = ClassLoss(CrossEntropyConfig(label_smoothing=smoothing), weights)
    given = None if weights is None else torch.from_numpy(weights).float()
    expected = F.cross_entropy(
        logits, soft(batch), given, reduction="sum", label_smoothing=smoothing
    )
    assert batch_sum(loss, logits, batch, "targets").item() == pytest.approx(expected.item())
    amount = batch_amount(loss, batch, "targets")
    assert amount.targets == 6
    counted = 6.0 if weights is None else (soft(batch).double().numpy() @ weights).sum()
    assert amount.weight == pytest.approx(counted)


@pytest.mark.parametrize("weights", [None, np.array([0.5, 1.0, 2.0, 3.0])])
def test_focal_loss_is_that_of_both_classes_by_their_shares(weights):
    logits, batch = logits_and_batch()
    p = logits.double().softmax(dim=1)
    each = -((1 - p) ** 2) * p.log() * (1.0 if weights is None else torch.from_numpy(weights))
    loss = ClassLoss(FocalConfig(gamma=2.0), weights)
    found = batch_sum(loss, logits, batch, "targets").item()
    assert found == pytest.approx((soft(batch) * each).sum().item(), rel=1e-5)


def test_a_batch_that_is_not_mixed_has_the_loss_of_before():
    logits, batch = logits_and_batch()
    for settings in (CrossEntropyConfig(label_smoothing=0.1), FocalConfig()):
        loss = ClassLoss(settings, np.array([0.5, 1.0, 2.0, 3.0]))
        plain = {"targets": batch["targets"]}
        whole = batch | {SHARES: torch.ones(6)}
        assert batch_amount(loss, whole, "targets") == batch_amount(loss, plain, "targets")
        assert torch.equal(
            batch_sum(loss, logits, plain, "targets"), loss.sum(logits, batch["targets"])
        )
        assert batch_sum(loss, logits, whole, "targets").item() == pytest.approx(
            batch_sum(loss, logits, plain, "targets").item()
        )


@pytest.mark.parametrize("parts", ["accumulated", "halved for memory"])
def test_in_parts_the_gradient_is_that_of_the_whole_batch(parts):
    loss = {"name": "cross-entropy", "class_weights": "balanced", "label_smoothing": 0.1}
    task = TaskSpec.parse({"kind": "image-classification", "loss": loss})
    source = batch_sources(load(DigitsSpec(augmentation=BOTH)), seed=3)[0]

    def after(batching, cut=1):
        torch.manual_seed(0)
        net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10))
        plain = {"name": "sgd", "lr": 0.1}
        loop = loop_of(net, source, config(batching=batching, optimizer=plain), task)
        loop.splitter.parts = cut
        result = loop.update(measure=True)
        return result.loss, result.measures["accuracy"].item(), net[1].weight.detach()

    whole = after({"batch_size": 24})
    small = {
        "accumulated": ({"batch_size": 8, "accumulate": 3},),
        "halved for memory": ({"batch_size": 24}, 2),
    }
    found = after(*small[parts])
    assert found[:2] == pytest.approx(whole[:2], rel=1e-5)
    assert found[2].numpy() == pytest.approx(whole[2].numpy(), abs=1e-6)


def test_class_weights_and_accuracy_are_of_the_own_classes():
    task = TaskSpec.parse(
        {"kind": "image-classification", "loss": {"name": "focal", "class_weights": "balanced"}}
    )
    plain, mixed = (
        batch_sources(load(DigitsSpec(augmentation=how)), seed=3)[0]
        for how in (Augmentation(), BOTH)
    )
    indices = np.arange(30)
    assert torch.equal(plain.batch(0, indices)["targets"], mixed.batch(0, indices)["targets"])
    batch = {"targets": torch.arange(10)}
    one, two = (batch_amount(loss_for(task, each), batch, "targets") for each in (plain, mixed))
    assert one == two
