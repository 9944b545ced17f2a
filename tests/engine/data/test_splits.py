"""Every split: no row on both sides, the same for a seed, and refused where it makes no sense."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data.library.spec import (
    GivenSplit,
    GroupSplit,
    LastSplit,
    RatioSplit,
    StratifiedSplit,
    TimeSplit,
)
from engine.data.library.splits import SPLITS, CannotSplit, Coded, Subject, halves

SPLIT_KINDS = {
    "ratio": RatioSplit,
    "stratified": StratifiedSplit,
    "group": GroupSplit,
    "time": TimeSplit,
    "last": LastSplit,
}
SHARES = st.sampled_from([0.01, 0.1, 0.25, 0.5, 0.9])
SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def subjects(draw):
    """Rows of two classes or more with two rows each, two groups or more and two times or more."""
    size = draw(st.integers(4, 60))
    column = st.lists(st.integers(0, 4), min_size=size - 4, max_size=size - 4)
    classes, groups, times = ([0, 0, 1, 1] + draw(column) for _ in range(3))
    counts = Counter(classes)
    classes = [label if counts[label] > 1 else 0 for label in classes]
    keys = draw(st.lists(st.integers(0, 2**64 - 1), min_size=size, max_size=size, unique=True))
    return Subject(
        "rows",
        np.array(keys, np.uint64),
        Coded.of(classes),
        Coded.of(groups),
        np.array(times),
        Coded.of(["train", "val"] * (size // 2) + ["test"] * (size % 2)),
    )


def split_of(kind, share, seed):
    seeds = {} if kind in ("time", "last") else {"split_seed": seed}
    return SPLIT_KINDS[kind](val_fraction=share, **seeds)


def test_every_split_that_a_spec_may_ask_for_is_made():
    assert set(SPLITS) == {*SPLIT_KINDS, "given"}


@given(subjects(), st.sampled_from(list(SPLIT_KINDS)), SHARES, SEEDS)
@settings(max_examples=150)
def test_each_row_is_on_exactly_one_side_the_same_for_a_seed(subject, kind, share, seed):
    split = split_of(kind, share, seed)
    train, val = halves(subject, split)
    assert sorted([*train, *val]) == list(range(len(subject)))
    assert len(train) > 0
    assert len(val) > 0
    again = halves(subject, split)
    assert np.array_equal(again.train, train)
    assert np.array_equal(again.val, val)


@given(subjects(), st.sampled_from(["ratio", "stratified", "group", "time"]), SHARES, SEEDS, SEEDS)
@settings(max_examples=100)
def test_what_is_held_out_does_not_depend_on_the_order_of_the_rows(
    subject, kind, share, seed, shuffle
):
    order = np.random.default_rng(shuffle).permutation(len(subject))
    split = split_of(kind, share, seed)
    before, after = halves(subject, split), halves(subject.only(order), split)
    assert set(subject.keys[before.val].tolist()) == set(subject.keys[order][after.val].tolist())


@given(subjects(), SHARES, SEEDS)
def test_a_stratified_split_holds_out_the_share_of_each_class(subject, share, seed):
    _, val = halves(subject, StratifiedSplit(val_fraction=share, split_seed=seed))
    whole, held_out = (
        np.bincount(codes) for codes in (subject.classes.codes, subject.classes.codes[val])
    )
    for count, chosen in zip(whole, held_out, strict=True):
        assert 0 < chosen < count
        assert abs(chosen - share * count) <= 1


@given(subjects(), SHARES, SEEDS)
def test_groups_are_whole_and_later_rows_are_held_out(subject, share, seed):
    train, val = halves(subject, GroupSplit(val_fraction=share, split_seed=seed))
    assert not set(subject.groups.codes[train]) & set(subject.groups.codes[val])
    train, val = halves(subject, TimeSplit(val_fraction=share))
    assert subject.times[train].max() < subject.times[val].min()


@given(SHARES, st.integers(2, 200))
def test_the_last_rows_are_held_out_in_one_piece(share, size):
    train, val = halves(
        Subject("text", np.arange(size, dtype=np.uint64)), LastSplit(val_fraction=share)
    )
    assert [*train, *val] == list(range(size))
    assert abs(len(val) - share * size) <= 1


def test_another_seed_holds_out_other_rows():
    subject = Subject("rows", np.arange(1000, dtype=np.uint64))
    sides = {tuple(halves(subject, RatioSplit(split_seed=seed)).val) for seed in range(5)}
    assert len(sides) == 5
    shared = set.intersection(*map(set, sides))
    assert len(shared) < 3  # 1,000 rows a tenth of a tenth... of the time


def test_a_given_split_takes_the_named_rows_and_leaves_the_others_out():
    said = Coded.of(["train", "dev", "test", "train", "dev"])
    subject = Subject("rows", np.arange(5, dtype=np.uint64), given=said)
    train, val = halves(subject, GivenSplit())
    assert (train.tolist(), val.tolist()) == ([0, 3], [1, 4])
    train, val = halves(subject, GivenSplit(train=("train", "dev"), val=("test",)))
    assert (train.tolist(), val.tolist()) == ([0, 1, 3, 4], [2])


ROWS = np.arange(4, dtype=np.uint64)


@pytest.mark.parametrize(
    ("subject", "split", "words"),
    [
        (Subject("d", ROWS[:1]), RatioSplit(), "1 row cannot be divided"),
        (Subject("d", ROWS), StratifiedSplit(), "needs a label column"),
        (
            Subject("d", ROWS, Coded.of("aaab")),
            StratifiedSplit(),
            r"there is a class \('b'\) with one row only",
        ),
        (
            Subject("d", ROWS, Coded.of("aabc")),
            StratifiedSplit(),
            r"there are 2 classes \('b', 'c'\) with one row only",
        ),
        (Subject("d", ROWS), GroupSplit(), "needs a group column"),
        (
            Subject("d", ROWS, groups=Coded.of(["ann"] * 4)),
            GroupSplit(),
            "all rows belong to one group, 'ann'",
        ),
        (Subject("d", ROWS), TimeSplit(), "needs a time column"),
        (Subject("d", ROWS, times=np.full(4, 7)), TimeSplit(), "all rows have the same time"),
        (Subject("d", ROWS), GivenSplit(), "needs a split column"),
        (
            Subject("d", ROWS, given=Coded.of(["train", "x", "y", "train"])),
            GivenSplit(),
            r"no row says 'validation' or .* It says 'train', 'x', 'y'",
        ),
    ],
)
def test_a_split_that_makes_no_sense_is_refused_with_the_reason(subject, split, words):
    with pytest.raises(CannotSplit, match=words):
        halves(subject, split)
