"""Batches: each sample once an epoch, in an order that only seed and epoch decide."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.data.batching import (
    ArraySource,
    BatchPlan,
    BatchSource,
    TextBlocks,
    TooLittleText,
    UnequalLengths,
    batch_sources,
)
from engine.data.sources import LoadedData, load, text_samples
from engine.data.specs import DataFacts, DigitsSpec, MaskedDocsSpec, PythonDocsSpec
from engine.losses import IGNORED

plans = st.builds(
    BatchPlan,
    samples=st.integers(1, 60),
    batch_size=st.integers(1, 70),
    shuffle=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)


def fresh(plan):
    return BatchPlan(plan.samples, plan.batch_size, plan.shuffle, plan.seed)


def epoch_of(plan, epoch):
    first = epoch * plan.micro_batches_per_epoch
    return [plan.indices(first + n).tolist() for n in range(plan.micro_batches_per_epoch)]


@given(plan=plans, epoch=st.integers(0, 5))
def test_every_epoch_sees_every_sample_once(plan, epoch):
    batches = epoch_of(plan, epoch)
    assert sorted(sum(batches, [])) == list(range(plan.samples))
    assert all(len(batch) == plan.batch_size for batch in batches[:-1])
    assert 1 <= len(batches[-1]) <= plan.batch_size


@given(plan=plans, micro_steps=st.lists(st.integers(0, 200), min_size=1, max_size=12))
def test_a_micro_step_has_the_same_samples_whatever_was_asked_before(plan, micro_steps):
    for micro_step in micro_steps:
        assert plan.indices(micro_step).tolist() == fresh(plan).indices(micro_step).tolist()


@given(seed=st.integers(0, 2**32 - 1))
def test_epochs_and_seeds_have_orders_of_their_own(seed):
    plan, other = (BatchPlan(50, 50, shuffle=True, seed=s) for s in (seed, seed + 1))
    orders = [tuple(plan.indices(epoch).tolist()) for epoch in range(4)]
    assert len({*orders, tuple(other.indices(0).tolist())}) == 5


def test_without_shuffling_the_order_is_that_of_the_data():
    plan = BatchPlan(5, 2, shuffle=False, seed=0)
    assert [plan.indices(n).tolist() for n in range(4)] == [[0, 1], [2, 3], [4], [0, 1]]
    assert [plan.epoch(n) for n in range(4)] == [0, 0, 0, 1]


def test_the_order_is_the_same_in_every_release():
    """Otherwise a run could not be resumed after an update."""
    plan = BatchPlan(8, 4, shuffle=True, seed=7)
    assert [plan.indices(n).tolist() for n in range(2)] == [[1, 0, 4, 2], [3, 5, 7, 6]]


def test_targets_are_the_inputs_shifted_by_one():
    blocks = TextBlocks(torch.arange(10), 3, seed=None)
    batch = blocks.batch(0, np.array([0, 2]))
    assert batch["inputs"].tolist() == [[0, 1, 2], [6, 7, 8]]
    assert batch["targets"].tolist() == [[1, 2, 3], [7, 8, 9]]
    assert len(blocks) == 3


@given(
    tokens=st.integers(0, 200),
    block_size=st.integers(1, 20),
    epoch=st.integers(0, 50),
    seed=st.none() | st.integers(0, 2**32 - 1),
)
def test_blocks_of_an_epoch_are_consecutive_and_fit_the_text(tokens, block_size, epoch, seed):
    blocks = TextBlocks(torch.arange(tokens), block_size, seed=seed)
    assert len(blocks) == text_samples(tokens, block_size, shifting=seed is not None)
    if not len(blocks):
        assert tokens < 2 * block_size
        return
    batch = blocks.batch(epoch, np.arange(len(blocks)))
    start = blocks.shift(epoch)
    covered = len(blocks) * block_size
    assert 0 <= start < block_size
    assert batch["inputs"].flatten().tolist() == list(range(start, start + covered))
    assert torch.equal(batch["targets"], batch["inputs"] + 1)


def test_epochs_cut_the_training_text_differently_and_validation_always_the_same():
    shifting, still = (TextBlocks(torch.arange(1000), 50, seed=seed) for seed in (0, None))
    assert len({shifting.shift(epoch) for epoch in range(20)}) > 10
    assert {still.shift(epoch) for epoch in range(20)} == {0}


def test_going_back_to_an_epoch_gives_its_blocks_again():
    """Validation or a resumed run may ask for another epoch in between."""
    blocks, rows = TextBlocks(torch.arange(100), 7, seed=1), np.arange(3)
    first = blocks.batch(0, rows)["inputs"]
    blocks.batch(1, rows)
    assert torch.equal(blocks.batch(0, rows)["inputs"], first)


def test_no_token_is_in_the_training_and_the_validation_blocks():
    loaded = load(PythonDocsSpec(), block_size=64)
    train, val = batch_sources(loaded, seed=0)
    seen = set(map(tuple, train.batch(0, np.arange(len(train)))["inputs"].tolist()))
    held_out = set(map(tuple, val.batch(0, np.arange(len(val)))["inputs"].tolist()))
    assert len(train) == loaded.facts.train_samples
    assert len(val) == loaded.facts.val_samples
    assert seen & held_out == set()


def masked(seed):
    return batch_sources(load(MaskedDocsSpec(length=32)), seed=seed)


def test_masked_blocks_are_the_text_with_hidden_tokens():
    loaded = load(MaskedDocsSpec(length=32))
    (train, _), rows = masked(3), np.arange(5)
    plain = TextBlocks(torch.from_numpy(loaded.train["tokens"]), 32, seed=3)
    batch, original = train.batch(1, rows), plain.batch(1, rows)["inputs"]
    hidden = batch["targets"] != IGNORED
    assert torch.equal(batch["targets"][hidden], original[hidden])
    assert torch.equal(batch["inputs"][~hidden], original[~hidden])
    assert hidden.sum(dim=1).tolist() == [5] * 5
    assert len(train) == loaded.facts.train_samples


def test_every_epoch_and_seed_hides_other_tokens_and_validation_always_the_same():
    rows = np.arange(8)
    first, again, other = masked(0), masked(0), masked(1)
    again[0].batch(5, rows)  # what was asked before makes no difference
    assert all(
        torch.equal(first[0].batch(2, rows)[name], again[0].batch(2, rows)[name])
        for name in ("inputs", "targets")
    )
    trained = [first[0].batch(0, rows), first[0].batch(1, rows), other[0].batch(0, rows)]
    assert len({batch["targets"].numpy().tobytes() for batch in trained}) == 3
    held_out = [first[1].batch(0, rows), first[1].batch(7, rows), other[1].batch(0, rows)]
    assert len({batch["targets"].numpy().tobytes() for batch in held_out}) == 1


def test_arrays_are_fetched_by_row():
    loaded = load(DigitsSpec())
    train, val = batch_sources(loaded, seed=0)
    batch = train.batch(0, np.array([3, 1]))
    assert torch.equal(batch["inputs"], torch.from_numpy(loaded.train["inputs"][[3, 1]]))
    assert torch.equal(batch["targets"], torch.from_numpy(loaded.train["targets"][[3, 1]]))
    assert (len(train), len(val)) == (1438, 359)
    assert isinstance(train, BatchSource)


def test_arrays_on_the_disk_are_read_row_by_row_and_images_scaled(tmp_path):
    images = np.arange(24, dtype=np.uint8).reshape(6, 1, 2, 2) * 10
    np.save(tmp_path / "inputs.npy", images)
    inputs = np.load(tmp_path / "inputs.npy", mmap_mode="r")
    arrays = {"inputs": inputs, "targets": np.arange(6)}
    facts = DataFacts(modality="image", train_samples=6, val_samples=6)
    train, _ = batch_sources(LoadedData(arrays, arrays, facts), seed=0)
    batch = train.batch(0, np.array([4, 0]))
    assert torch.equal(batch["inputs"], torch.from_numpy(images[[4, 0]]).float() / 255)
    assert batch["targets"].tolist() == [4, 0]
    with pytest.raises(UnequalLengths, match="inputs has 6, targets has 5"):
        batch_sources(LoadedData(arrays | {"targets": np.arange(5)}, arrays, facts), seed=0)


def test_without_held_out_samples_there_is_no_validation_source():
    arrays = {"inputs": np.zeros((4, 2), np.float32), "targets": np.zeros(4, np.int64)}
    nothing = {name: array[:0] for name, array in arrays.items()}
    facts = DataFacts(modality="unknown", train_samples=4, val_samples=0)
    assert batch_sources(LoadedData(arrays, nothing, facts), seed=0)[1] is None


def test_a_text_shorter_than_a_block_is_refused_with_the_numbers():
    loaded = load(PythonDocsSpec(), block_size=1_000_000)
    with pytest.raises(TooLittleText, match=r"1000000 needs 2000000"):
        batch_sources(loaded, seed=0)


def test_arrays_of_unequal_length_are_refused():
    with pytest.raises(UnequalLengths, match="inputs has 3, targets has 2"):
        ArraySource({"inputs": torch.zeros(3), "targets": torch.zeros(2)})
