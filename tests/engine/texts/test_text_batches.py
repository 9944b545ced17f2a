"""Batches of prepared texts: every sample once an epoch, padded, varied by seed and epoch."""

import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.batch_size.longest import LongestFirst
from engine.data.batching import BatchPlan, batch_sources
from engine.data.vocabulary import IGNORED
from engine.data.workers import Prepared

from .material import LINES, load, splits_of

PADDING, BEGIN, END, MASK, FIRST = 0, 2, 3, 4, 5
TEXTS = ["abc", "", "abcdefgh", "xy"]


def numbers(text):
    return [FIRST + byte for byte in text.encode()]


def batch_of(loaded, *, samples=None, epoch=0, seed=0):
    source = batch_sources(loaded, seed=seed)[0]
    return source.batch(epoch, np.arange(len(source)) if samples is None else np.array(samples))


def shown(loaded, rows):
    marks = {PADDING: "_", BEGIN: "<", END: ">", MASK: "?", IGNORED: "."}
    return [
        "".join(marks.get(t, "") or loaded.vocabulary.decode(np.array([t])) for t in row)
        for row in rows.tolist()
    ]


# -- one text a sample -----------------------------------------------------------------------------


def test_texts_are_classified_between_begin_and_end(tmp_path):
    splits = splits_of(TEXTS, targets=([0, 1, 2, 1], [0]))
    loaded = load(tmp_path, splits, "sequence-classification", length=7, classes=("a", "b", "c"))
    batch = batch_of(loaded)
    assert shown(loaded, batch["inputs"]) == ["<abc>__", "<>_____", "<abcde>", "<xy>___"]
    assert batch["targets"].tolist() == [0, 1, 2, 1]
    assert batch["targets"].dtype == batch["inputs"].dtype == torch.int64
    assert loaded.facts.cut_share == pytest.approx(3 / 13)
    assert loaded.facts.tokens_per_sample == 7
    assert any("23.1%" in note for note in loaded.notes)


def test_padding_goes_to_the_longest_of_the_batch(tmp_path):
    loaded = load(tmp_path, splits_of(TEXTS, targets=([0] * 4, [0])), "sequence-classification")
    assert batch_of(loaded, samples=[0, 3])["inputs"].shape == (2, 5)


def test_the_end_of_a_text_can_be_kept_instead(tmp_path):
    splits = splits_of(TEXTS, targets=([0] * 4, [0]))
    how = {"length": 4, "keep": "end", "framed": False}
    loaded = load(tmp_path, splits, "sequence-classification", **how)
    assert shown(loaded, batch_of(loaded)["inputs"]) == ["abc_", ">___", "efgh", "xy__"]


def test_labels_are_zeros_and_ones(tmp_path):
    splits = splits_of(TEXTS, targets=([[0, 2], [], [1], [2]], [[0]]))
    loaded = load(tmp_path, splits, "multi-label-classification", classes=("a", "b", "c"))
    targets = batch_of(loaded)["targets"]
    assert targets.tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert targets.dtype == torch.float32


def test_language_models_learn_whole_texts_from_begin_to_end(tmp_path):
    loaded = load(tmp_path, splits_of(TEXTS), "causal-lm", length=6)
    batch = batch_of(loaded)
    assert shown(loaded, batch["inputs"]) == ["<abc__", "<_____", "<abcde", "<xy___"]
    assert shown(loaded, batch["targets"]) == ["abc>..", ">.....", "abcdef", "xy>..."]
    assert loaded.facts.cut_share == pytest.approx(2 / 13)
    assert loaded.facts.tokens_per_sample == 6


def test_texts_to_be_written_are_known_up_to_each_token(tmp_path):
    splits = splits_of(TEXTS, targets=(["1", "22", "333", ""], ["4"]))
    loaded = load(tmp_path, splits, "seq2seq", length=6, target_length=4)
    batch = batch_of(loaded)
    assert shown(loaded, batch["inputs"]) == ["<abc>_", "<>____", "<abcd>", "<xy>__"]
    assert shown(loaded, batch["decoder_inputs"]) == ["<1__", "<22_", "<333", "<___"]
    assert shown(loaded, batch["targets"]) == ["1>..", "22>.", "333>", ">..."]
    assert (loaded.facts.tokens_per_sample, loaded.facts.target_tokens) == (6, 4)


def test_marks_stand_where_their_tokens_are(tmp_path):
    splits = splits_of([["ab", "c"], ["d"]], [["e"]], targets=([[1, 0], [2]], [[0]]))
    loaded = load(tmp_path, splits, "token-classification", classes=("x", "y", "z"))
    batch = batch_of(loaded)
    assert shown(loaded, batch["inputs"]) == ["<ab c>", "<d>___"]
    marks = [[IGNORED, 1, IGNORED, 0, IGNORED, IGNORED], [IGNORED, 2] + [IGNORED] * 4]
    assert batch["targets"].tolist() == marks


@settings(max_examples=30)
@given(
    epoch=st.integers(0, 3),
    share=st.sampled_from([0.15, 0.5, 0.9]),
    cut=st.sampled_from(["truncate", "windows", "pack"]),
)
def test_of_hidden_tokens_the_original_is_the_target(tmp_path_factory, epoch, share, cut):
    root = tmp_path_factory.mktemp("root")
    splits = splits_of(LINES * 3)
    loaded = load(root, splits, "masked-lm", length=16, cut=cut, mask_share=share)
    batch = batch_of(loaded, epoch=epoch)
    hidden = batch["targets"] != IGNORED
    assert hidden.any()
    originals = batch["targets"][hidden]
    assert (originals > MASK).all() if cut == "truncate" else (originals != PADDING).all()
    assert not (batch["inputs"][hidden] == PADDING).any()
    assert abs(float((batch["inputs"][hidden] == MASK).float().mean()) - 0.8) < 0.3


# -- strung together -------------------------------------------------------------------------------


@settings(max_examples=60)
@given(
    texts=st.lists(st.text(alphabet="abcdef", max_size=9), min_size=1, max_size=8),
    length=st.integers(4, 12),
)
def test_packing_keeps_every_token_in_order(tmp_path_factory, texts, length):
    whole = [token for text in texts for token in [*numbers(text), END]]
    if len(whole) == 1:
        return  # nothing could be predicted
    splits = splits_of(texts)
    loaded = load(tmp_path_factory.mktemp("root"), splits, "causal-lm", cut="pack", length=length)
    batch = batch_of(loaded)
    known, predicted = batch["inputs"].flatten(), batch["targets"].flatten()
    assert known[known != PADDING].tolist() == whole[:-1]
    assert predicted[predicted != IGNORED].tolist() == whole[1:]
    assert len(batch["inputs"]) == loaded.facts.train_samples == -(-(len(whole) - 1) // length)


def test_windows_of_strung_texts_lie_elsewhere_in_every_epoch(tmp_path):
    loaded = load(tmp_path, splits_of(LINES * 9, LINES), "causal-lm", cut="windows", length=16)
    train, val = batch_sources(loaded, seed=0)
    first = {tuple(train.batch(epoch, np.array([0]))["inputs"][0].tolist()) for epoch in range(5)}
    assert len(first) > 2
    assert (len(train), len(val)) == (loaded.facts.train_samples, loaded.facts.val_samples)
    same = [val.batch(epoch, np.array([0]))["inputs"].tolist() for epoch in range(2)]
    assert same[0] == same[1]


# -- what estimates are made from ------------------------------------------------------------------


@pytest.mark.parametrize("task", ["causal-lm", "sequence-classification", "seq2seq"])
@pytest.mark.parametrize("framed", [False, True])
def test_mean_lengths_are_those_of_the_samples(tmp_path, task, framed):
    targets = {"causal-lm": None, "seq2seq": ["1", "22", "333333", ""]}.get(task, [0] * 4)
    splits = splits_of([*TEXTS[:1], "a", *TEXTS[2:]], targets=(targets, targets and targets[:1]))
    loaded = load(tmp_path, splits, task, length=6, target_length=5, framed=framed)
    batch = batch_of(loaded)
    rows = batch["targets"] != IGNORED if task == "causal-lm" else batch["inputs"] != PADDING
    assert loaded.facts.mean_tokens == rows.sum() / 4
    assert loaded.facts.tokens_per_sample == rows.sum(dim=1).max()
    if task == "seq2seq":
        written = batch["targets"] != IGNORED
        assert loaded.facts.mean_target_tokens == written.sum() / 4
        assert loaded.facts.typical.target_tokens == 3
    else:
        assert loaded.facts.mean_target_tokens is None


# -- variation -------------------------------------------------------------------------------------

CLASSIFIED = {"task": "sequence-classification", "framed": False}


@pytest.mark.parametrize(
    "how", [{"cut": "windows", "length": 8}, {"token_masking": 0.5}, {"token_dropout": 0.5}]
)
def test_variation_is_a_function_of_seed_epoch_and_sample(tmp_path, how):
    splits = splits_of(LINES, LINES, targets=([0] * 7, [0] * 7))
    loaded = load(tmp_path, splits, **CLASSIFIED, **how)
    alone = batch_of(loaded, samples=[6], epoch=3)["inputs"][0]
    beside = batch_of(loaded, samples=[0, 6, 2], epoch=3)["inputs"][1]
    assert beside[: len(alone)].tolist() == alone.tolist()
    others = [batch_of(loaded, samples=[6], epoch=4), batch_of(loaded, samples=[6], seed=1)]
    assert all(other["inputs"][0].tolist() != alone.tolist() for other in others)
    val = batch_sources(loaded, seed=0)[1]
    held_out = [val.batch(epoch, np.array([0, 6]))["inputs"] for epoch in (0, 1)]
    assert torch.equal(*held_out)
    assert MASK not in held_out[0].tolist()[1]


def test_tokens_left_out_leave_the_others_in_order_and_never_nothing(tmp_path):
    splits = splits_of(LINES, targets=([0] * 7, [0]))
    loaded = load(tmp_path, splits, **CLASSIFIED, token_dropout=0.9)
    for epoch in range(5):
        rows = batch_of(loaded, epoch=epoch)["inputs"].tolist()
        for row, text in zip(rows, LINES, strict=True):
            left = [token for token in row if token != PADDING]
            rest = iter(numbers(text) or [END])
            assert left
            assert all(token in rest for token in left), "in their order"


def test_hidden_words_stay_the_targets_of_language_models(tmp_path):
    loaded = load(tmp_path, splits_of(["abcdefghijkl"]), "causal-lm", token_masking=0.5)
    batch = batch_of(loaded)
    assert shown(loaded, batch["targets"]) == ["abcdefghijkl>"]
    assert shown(loaded, batch["inputs"])[0].startswith("<")
    assert 1 < shown(loaded, batch["inputs"])[0].count("?") < 12


# -- batches of similar length ---------------------------------------------------------------------


@settings(max_examples=40)
@given(
    samples=st.integers(1, 300),
    batch_size=st.integers(1, 40),
    seed=st.integers(0, 9),
    epoch=st.integers(0, 3),
)
def test_batches_of_similar_length_hold_every_sample_once(samples, batch_size, seed, epoch):
    lengths = np.random.default_rng(seed).integers(1, 500, samples)

    def indices(micro_step):
        plan = BatchPlan(samples, batch_size, shuffle=True, seed=seed, lengths=lengths)
        return plan.indices(micro_step).tolist()

    per_epoch = -(-samples // batch_size)
    batches = [indices(epoch * per_epoch + n) for n in range(per_epoch)]
    assert sorted(sum(batches, [])) == list(range(samples))
    assert all(len(batch) == batch_size for batch in batches[:-1])


def test_little_of_such_batches_is_padding():
    lengths = np.random.default_rng(0).integers(1, 500, 4000)

    def padding(lengths_known):
        plan = BatchPlan(4000, 20, shuffle=True, seed=0, lengths=lengths_known)
        batches = [lengths[plan.indices(n)] for n in range(200)]
        return 1 - sum(b.sum() for b in batches) / sum(b.max() * len(b) for b in batches)

    assert padding(None) > 0.4
    assert padding(lengths) < 0.03


def test_the_order_of_such_batches_is_random_and_the_same_in_every_release():
    lengths = np.arange(12)
    plan = BatchPlan(12, 3, shuffle=True, seed=7, lengths=lengths)
    orders = [
        [plan.indices(n).tolist() for n in range(epoch * 4, epoch * 4 + 4)] for epoch in (0, 1)
    ]
    assert sorted(orders[0]) == sorted(orders[1]) == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
    assert orders[0] != orders[1]


def test_without_shuffling_the_order_stays_that_of_the_data():
    plan = BatchPlan(5, 2, shuffle=False, seed=0, lengths=np.array([5, 1, 4, 2, 3]))
    assert [plan.indices(n).tolist() for n in range(3)] == [[0, 1], [2, 3], [4]]


def test_the_longest_samples_come_first_where_memory_is_tried(tmp_path):
    loaded = load(tmp_path, splits_of(TEXTS), "causal-lm")
    source = batch_sources(loaded, seed=0)[0]
    first = LongestFirst(source, source.sample_lengths).batch(0, np.arange(3))
    assert shown(loaded, first["targets"]) == ["abcdefgh>", "abc>.....", "xy>......"]


@pytest.mark.parametrize("how", [{}, {"cut": "windows"}, {"cut": "pack", "token_masking": 0.2}])
def test_a_source_that_was_sent_makes_the_same_batches(tmp_path, how):
    loaded = load(tmp_path, splits_of(LINES * 4, LINES), "causal-lm", length=8, **how)
    source = batch_sources(loaded, seed=3)[0]
    plan = BatchPlan(len(source), 4, shuffle=True, seed=3)
    with Prepared(pickle.loads(pickle.dumps(source)), plan, workers=0, seed=3) as batches:
        for micro_step in (0, 5):
            expected = source.batch(plan.epoch(micro_step), plan.indices(micro_step))
            found = batches.batch(micro_step)
            assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_a_source_is_sent_to_another_process_without_its_tokens(tmp_path):
    splits = splits_of(["word " * 50_000], targets=([0], [0]))
    source = batch_sources(load(tmp_path, splits, "sequence-classification"), seed=0)[0]
    assert source.sample_lengths.tolist() == [64]
    sent = pickle.dumps(source)
    assert len(sent) < 5_000
    again, rows = pickle.loads(sent), np.array([0])
    assert torch.equal(again.batch(0, rows)["inputs"], source.batch(0, rows)["inputs"])
