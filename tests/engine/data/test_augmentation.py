"""Augmentation: a function of seed, epoch and sample, and each change what it says."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from components.augmentation_view import tiled
from engine import attempt
from engine.commands.documents import checked_facts
from engine.data import augmentation
from engine.data.augmentation import augmented
from engine.data.augmentation_examples import examples
from engine.data.augmentation_spec import Augmentation
from engine.data.batching import AugmentedImages, batch_sources
from engine.data.library.proposal import proposed
from engine.data.preparation.loading import is_prepared, load_dataset
from engine.data.sources import load
from engine.data.specs import DigitsSpec
from engine.errors import BadInput
from engine.frozen import with_changes
from engine.health.subject import subject_of
from engine.launch.worker import work
from engine.run_spec import RunSpec
from engine.runs.store import RunStore
from engine.starting_point import run_on
from tests.engine.data import files
from tests.engine.data.files import file, taken_in
from tests.engine.equality import assert_same_bits
from tests.engine.every_field import BASES
from tests.engine.test_resume import Crash, CrashingLoop

ALL = Augmentation(
    crop_padding=2,
    flip_horizontal=True,
    flip_vertical=True,
    rotation=40.0,
    brightness=0.4,
    contrast=0.4,
    saturation=0.4,
    cutout=0.3,
)
ONE_EACH = [Augmentation(**{name: getattr(ALL, name)}) for name in ALL.chosen]


def images_of(count: int, shape: tuple[int, int, int] = (3, 9, 7)) -> torch.Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(3))


hows = st.sampled_from([ALL, *ONE_EACH])


@settings(deadline=None, max_examples=40)
@given(
    how=hows,
    samples=st.lists(st.integers(0, 10**6), min_size=1, max_size=8),
    seed=st.integers(0, 2**32 - 1),
    epoch=st.integers(0, 1000),
)
def test_an_image_is_changed_alike_in_whatever_batch_it_is(how, samples, seed, epoch):
    images, numbers = images_of(len(samples)), np.array(samples)
    before = images.clone()
    whole = augmented(images, numbers, how, seed=seed, epoch=epoch)
    alone = [
        augmented(images[n : n + 1], numbers[n : n + 1], how, seed=seed, epoch=epoch)
        for n in range(len(samples))
    ]
    assert torch.equal(whole, torch.cat(alone))
    assert torch.equal(images, before)
    assert whole.shape == images.shape
    assert 0 <= whole.min() <= whole.max() <= 1


@pytest.mark.parametrize("how", ONE_EACH, ids=lambda how: how.chosen[0])
def test_each_change_differs_between_samples_epochs_and_seeds(how):
    images = images_of(1).expand(64, -1, -1, -1)
    samples = np.arange(64)
    base, later, other = (
        augmented(images, samples, how, seed=seed, epoch=epoch)
        for seed, epoch in ((0, 0), (0, 1), (1, 0))
    )
    assert not torch.equal(base, images)
    assert not torch.equal(base, later)
    assert not torch.equal(base, other)
    assert len({image.numpy().tobytes() for image in base}) >= 2


def test_more_threads_change_no_bit_of_large_images():
    images, samples = images_of(3, (3, 160, 130)), np.arange(3)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        two = augmented(images, samples, ALL, seed=0, epoch=0)
        alone = augmented(images[:1], samples[:1], ALL, seed=0, epoch=0)
        torch.set_num_threads(1)
        one = augmented(images, samples, ALL, seed=0, epoch=0)
    finally:
        torch.set_num_threads(before)
    assert torch.equal(one, two)
    assert torch.equal(one[:1], alone)


@pytest.mark.parametrize("axis", [-1, -2])
def test_flipping_twice_is_nothing_and_half_of_the_images_are_flipped(axis):
    images, which = images_of(4), np.array([True, False, True, False])
    once = augmentation.flipped(images, which, axis)
    assert torch.equal(once[1::2], images[1::2])
    assert torch.equal(once[::2], images[::2].flip(axis))
    assert torch.equal(augmentation.flipped(once, which, axis), images)
    many = images_of(1).expand(2000, -1, -1, -1)
    how = Augmentation(flip_horizontal=axis == -1, flip_vertical=axis == -2)
    changed = augmented(many, np.arange(2000), how, seed=0, epoch=0)
    share = (changed != many).flatten(1).any(dim=1).double().mean().item()
    assert share == pytest.approx(0.5, abs=0.05)


def test_a_quarter_turn_is_that_of_numpy_and_no_turn_is_nothing():
    images = images_of(3, (1, 6, 6))
    turned = augmentation.rotated(images, np.array([90.0, 180.0, 0.0]))
    for number, quarters in enumerate((1, 2, 0)):
        wanted = np.rot90(images[number].numpy(), quarters, axes=(1, 2))
        assert turned[number].numpy() == pytest.approx(wanted, abs=1e-5)


def test_a_turned_circle_in_a_wide_image_stays_a_circle():
    down, right = torch.meshgrid(torch.arange(21) - 10, torch.arange(41) - 20, indexing="ij")
    disc = ((down**2 + right**2) <= 36).float()[None, None]
    turned = augmentation.rotated(disc, np.array([33.0]))
    assert (turned - disc).abs().mean().item() < 0.02


def test_a_crop_moves_the_image_and_shows_black_beside_it():
    image = torch.arange(1.0, 13.0).reshape(1, 1, 3, 4) / 12
    moved = augmentation.moved(image, np.array([[1, -1]]))
    wanted = [[0, 5, 6, 7], [0, 9, 10, 11], [0, 0, 0, 0]]
    assert (moved * 12).round().squeeze().tolist() == wanted


def test_every_place_within_the_padding_is_as_likely():
    image = torch.zeros(1, 1, 5, 5)
    image[0, 0, 2, 2] = 1
    how = Augmentation(crop_padding=1)
    changed = augmented(image.expand(9000, -1, -1, -1), np.arange(9000), how, seed=1, epoch=2)
    counts = changed.sum(dim=0).squeeze()
    assert counts.sum() == 9000
    assert counts[1:4, 1:4].min() > 850
    assert counts[1:4, 1:4].max() < 1150


def test_colours_follow_their_definitions():
    images = images_of(2)
    factors = np.array([0.5, 1.0])
    red, green, blue = images[0]
    grey = 0.299 * red + 0.587 * green + 0.114 * blue
    wanted = {
        augmentation.brightened: 0.5 * images[0],
        augmentation.contrasted: 0.5 * images[0] + 0.5 * grey.mean(),
        augmentation.saturated: 0.5 * images[0] + 0.5 * grey,
    }
    for change, expected in wanted.items():
        changed = change(images, factors)
        assert changed[0].numpy() == pytest.approx(expected.numpy(), abs=1e-6)
        assert changed[1].numpy() == pytest.approx(images[1].numpy(), abs=1e-6)


def test_a_cut_out_square_is_black_and_of_the_share():
    images = torch.ones(2, 3, 10, 12)
    changed = augmentation.cut_out(images, np.array([[0.5, 0.5], [0.0, 0.999]]), 0.4)
    assert (changed == 0).flatten(1).sum(dim=1).tolist() == [3 * 16, 3 * 2 * 3]
    assert (changed[0, :, 3:7, 4:8] == 0).all()
    assert (changed[1, :, :2, 9:] == 0).all()


def test_switching_one_on_changes_no_draw_of_another():
    images, samples = images_of(50), np.arange(50)
    flips = Augmentation(flip_horizontal=True)
    both = Augmentation(flip_horizontal=True, cutout=0.3)
    one, two = (augmented(images, samples, how, seed=5, epoch=0) for how in (flips, both))
    assert torch.equal(one.where(two != 0, 0.0), two)


def test_only_training_images_are_changed_and_off_is_as_before():
    plain = batch_sources(load(DigitsSpec()), seed=4)
    how = Augmentation(crop_padding=1, cutout=0.3)
    changed = batch_sources(load(DigitsSpec(augmentation=how)), seed=4)
    assert not isinstance(plain[0], AugmentedImages)
    places = np.arange(20)
    for side, alike in ((0, False), (1, True)):
        one, two = (sources[side].batch(0, places) for sources in (plain, changed))
        assert torch.equal(one["inputs"], two["inputs"]) == alike
        assert torch.equal(one["targets"], two["targets"])


def test_examples_show_what_a_run_sees():
    loaded = load(DigitsSpec(augmentation=Augmentation(rotation=20.0)))
    shown = examples(loaded, images=3, epochs=2, seed=9)
    assert shown.shape == (3, 3, 1, 8, 8)
    assert np.array_equal(shown[:, 0], loaded.train["inputs"][:3])
    second = batch_sources(loaded, seed=9)[0].batch(1, np.arange(3))["inputs"].numpy()
    assert np.array_equal(shown[:, 2], second)
    picture = tiled(shown)
    assert picture.mode == "LA"
    assert picture.size == (3 * 64 + 2 * 4, 3 * 64 + 2 * 4)


def quick_run(**augmentation):
    quick = {
        "training.length": {"amount": 8, "unit": "steps"},
        "training.scheduler": {"name": "constant"},
        "training.batching.batch_size": 700,
        "training.evaluation.every_steps": 4,
        "training.checkpointing.every_steps": 2,
        "training.hardware": {"device": "cpu", "threads": 1},
    }
    base = RunSpec.parse(BASES["digits"])
    return with_changes(base, quick | {"data.augmentation": augmentation})


def test_an_interrupted_run_goes_on_with_the_same_bits(tmp_path, monkeypatch):
    spec = quick_run(crop_padding=1, rotation=10.0, contrast=0.3, mixup=0.4, cutmix=1.0)
    store = RunStore(tmp_path)
    whole, broken = store.create(spec), store.create(spec)
    work(store, whole.id)
    with monkeypatch.context() as patch:
        patch.setattr(CrashingLoop, "crash_at", 5)  # in the second epoch of three batches
        patch.setattr(attempt, "TrainingLoop", CrashingLoop)
        with pytest.raises(Crash):
            work(store, broken.id)
    work(store, broken.id)
    assert_same_bits(broken, whole)
    assert broken.state().attempt == 2


def test_another_process_makes_the_same_images():
    source = batch_sources(load(DigitsSpec(augmentation=Augmentation(rotation=9.0))), seed=2)[0]
    source.batch(3, np.arange(5))
    sent = pickle.loads(pickle.dumps(source))
    one, two = (each.batch(7, np.array([5, 1]))["inputs"] for each in (source, sent))
    assert torch.equal(one, two)


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"saturation": 0.2}, "grey"),
        ({"crop_padding": 8}, "out of sight"),
        ({"rotation": 0.0}, "greater than 0"),
        ({"cutout": 1.0}, "less than 1"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_field(tmp_path, chosen, words):
    with pytest.raises(BadInput) as refused:
        checked_facts(quick_run(**chosen), tmp_path)
    [problem] = refused.value.problems
    assert problem.path == f"data.augmentation.{next(iter(chosen))}"
    assert words in problem.message


def test_a_dataset_is_prepared_once_for_all_augmentations(tmp_path):
    path = file(tmp_path, "i.zip", files.zipped(files.pictures()))
    plain = with_changes(proposed(taken_in(tmp_path, path)), {"image.height": 8, "image.width": 8})
    load_dataset(plain, tmp_path)
    changed = with_changes(plain, {"augmentation": {"saturation": 0.9, "cutmix": 1.0}})
    assert is_prepared(changed, tmp_path)
    folders = sorted((tmp_path / ".data").rglob("*"))
    sources = [batch_sources(load_dataset(each, tmp_path), seed=1) for each in (plain, changed)]
    assert sorted((tmp_path / ".data").rglob("*")) == folders
    places = np.arange(len(sources[0][0]))
    before, after = (train.batch(0, places)["inputs"] for train, _ in sources)
    assert after.dtype == torch.float32
    assert before.shape == after.shape
    assert not torch.equal(before, after)


def test_a_model_is_examined_on_images_as_they_are():
    spec = quick_run(mixup=1.0)
    plain = with_changes(spec, {"data.augmentation.mixup": None})
    one, two = (subject_of(each).batch(9) for each in (spec, plain))
    assert one.keys() == two.keys()
    assert torch.equal(one["inputs"], two["inputs"])


def test_data_without_images_is_not_augmented(tmp_path):
    path = file(tmp_path, "t.csv", "size,answer\n" + "1,yes\n2,no\n" * 20)
    table = proposed(taken_in(tmp_path, path))
    spec = run_on(with_changes(table, {"augmentation.cutout": 0.5}))
    with pytest.raises(BadInput) as refused:
        checked_facts(spec, tmp_path)
    [problem] = refused.value.problems
    assert problem.path == "data.augmentation.cutout"
    assert "this data has none" in problem.message
