"""Prepared texts: all tokens, in order, once; whole on the disk or not there."""

import errno
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data.library.errors import NoRoom
from engine.data.progress import Cancelled
from engine.data.text import prepared, preparing, sampling
from engine.data.text.prepared import key_of, prepared_texts
from engine.data.text.storage import GrowingArray, smallest_type
from engine.data.vocabulary import IGNORED
from engine.errors import BadInput

from .material import LINES, load, rows_of, splits_of, wanted_of


@given(
    parts=st.lists(st.lists(st.integers(0, 200), max_size=5), max_size=5),
    width=st.sampled_from([(), (2,)]),
)
def test_a_growing_array_is_the_file_that_numpy_would_write(tmp_path_factory, parts, width):
    path = tmp_path_factory.mktemp("arrays") / "a.npy"
    rows = [np.array(part, np.uint8).reshape(-1, *([1] * len(width))) for part in parts]
    rows = [np.broadcast_to(part, (len(part), *width)) for part in rows]
    with GrowingArray(path, np.uint8, width) as array:
        for part in rows:
            array.append(part)
    whole = np.concatenate([np.zeros((0, *width), np.uint8), *rows])
    assert np.array_equal(np.load(path), whole)
    assert len(array) == len(whole)


@pytest.mark.parametrize(
    ("tokens", "kind"),
    [(256, "uint8"), (257, "uint16"), (65_536, "uint16"), (65_537, "uint32")],
)
def test_tokens_take_as_few_bytes_as_their_number_needs(tokens, kind):
    assert smallest_type(tokens).name == kind


@settings(max_examples=60)
@given(texts=st.lists(st.text(max_size=12), min_size=1, max_size=9), at_once=st.integers(1, 20))
def test_every_token_of_every_text_is_kept_in_order(tmp_path_factory, texts, at_once):
    """However they are read, and however long texts are cut into pieces on the way."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(preparing, "AT_ONCE", at_once)
        patched.setattr(preparing, "pieces", lambda text: sampling.pieces(text, 4))
        found = load(tmp_path_factory.mktemp("root"), splits_of(texts), cut="truncate")
    tokens, offsets = found.train["tokens"], found.train["offsets"]
    assert len(offsets) == len(texts) + 1
    for place, text in enumerate(texts):
        whole = tokens[offsets[place] : offsets[place + 1]]
        assert whole[-1] == found.vocabulary.special("end")
        assert found.vocabulary.decode(whole[:-1]) == text


def test_what_is_prepared_is_found_again_and_known(tmp_path):
    wanted = wanted_of(splits_of(LINES))
    first = prepared_texts(tmp_path, wanted)
    again = prepared_texts(tmp_path, wanted, lambda *_: pytest.fail("nothing is left to do"))
    assert again.folder == first.folder
    texts = first.summary.train.texts
    assert (texts.texts, texts.empty, texts.longest) == (7, 1, 62)
    assert texts.tokens == sum(len(text.encode()) for text in LINES)
    assert texts.chars == sum(map(len, LINES))
    assert first.token_counts("train").sum() == texts.tokens
    assert first.token_counts("train")[5 + ord("c")] == "".join(LINES).count("c")
    assert sum(first.lengths("train", bins=5).counts) == 7
    most = first.frequent(3)
    assert (most[0].piece, most[0].times) == (" ", "".join(LINES).count(" "))
    assert most[0].times >= most[1].times >= most[2].times
    assert first.cut_off("train", 30) == (sum(max(0, len(t.encode()) - 30) for t in LINES), 2)


def test_the_key_changes_with_what_decides_on_tokens_and_with_nothing_else():
    usual = key_of(wanted_of(splits_of(LINES)))
    same = [{"length": 128}, {"cut": "pack"}, {"bucketing": False}, {"token_dropout": 0.5}]
    other = [{"lower": True}, {"tokenizer": {"kind": "char"}}, {"normalisation": "nfc"}]
    assert {key_of(wanted_of(splits_of(LINES), **how)) for how in same} == {usual}
    assert len({usual, *(key_of(wanted_of(splits_of(LINES), **how)) for how in other)}) == 4
    assert key_of(wanted_of(splits_of(LINES, identity="other rows"))) != usual
    assert key_of(wanted_of(splits_of(LINES), "masked-lm")) != usual


def test_a_tokenizer_is_learned_from_the_training_texts_alone(tmp_path):
    found = load(tmp_path, splits_of(["ab"], ["abc"]), tokenizer={"kind": "char"})
    assert found.vocabulary.characters == "ab"
    summary = prepared_texts(
        tmp_path, wanted_of(splits_of(["ab"], ["abc"]), tokenizer={"kind": "char"})
    ).summary
    assert (summary.train.texts.unknown, summary.val.texts.unknown) == (0, 1)
    assert summary.val.texts.unknown_examples == ("c",)


def test_unknown_words_are_counted_shown_and_told(tmp_path):
    words = {"kind": "word", "min_count": 2}
    found = load(tmp_path, splits_of(["a cat a dog a"]), tokenizer=words)
    assert found.facts.unknown_share == pytest.approx(3 / 5)
    assert any("60.00%" in note and "' cat'" in note for note in found.notes)


def test_a_class_stands_at_the_first_token_of_its_word(tmp_path):
    words, classes = [["New", "York", "!"], []], [[1, 2, None], []]
    splits = splits_of(words, [["a"]], targets=(classes, [[0]]))
    found = load(tmp_path, splits, "token-classification", classes=("O", "B", "I"))
    expected = [1, *[IGNORED] * 2, 2, *[IGNORED] * 4, *[IGNORED] * 2, IGNORED, IGNORED]
    assert found.train["targets"].tolist() == expected
    assert found.vocabulary.decode(found.train["tokens"]) == "New York !"


class FullDisk:
    def __init__(self, after):
        self._left = after

    def append(self, *_):
        self._left -= 1
        if self._left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_that_fills_leaves_nothing_and_says_so(tmp_path, monkeypatch):
    full = FullDisk(after=2)
    monkeypatch.setattr(GrowingArray, "append", full.append)
    with pytest.raises(NoRoom, match="disk is full, so making the texts into tokens"):
        load(tmp_path, splits_of(LINES))
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
    monkeypatch.undo()
    assert load(tmp_path, splits_of(LINES)).facts.train_samples == 7


@pytest.mark.parametrize("kind", ["byte", "bpe"])
def test_it_can_be_cancelled_at_any_time(tmp_path, kind):
    def cancelled_after(calls):
        def cancel(doing, done, total):
            told.append((doing, done, total))
            if len(told) == calls:
                raise Cancelled("Preparing")

        told = []
        return cancel, told

    wanted = wanted_of(splits_of(LINES), tokenizer={"kind": kind})
    for calls in range(1, 6):
        with pytest.raises(Cancelled):
            prepared_texts(tmp_path, wanted, cancelled_after(calls)[0])
        assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []
    never, told = cancelled_after(0)
    prepared_texts(tmp_path, wanted, never)
    assert told[-1] == ("Making texts into tokens", 8, 8)


def test_a_preparation_that_does_not_fit_the_task_is_refused_at_its_field(tmp_path):
    with pytest.raises(BadInput) as refused:
        load(tmp_path, splits_of(LINES), "seq2seq", cut="pack", token_masking=0.1)
    assert [problem.path for problem in refused.value.problems] == ["data.text.cut"]
    with pytest.raises(BadInput) as refused:
        load(tmp_path, splits_of(LINES), "causal-lm", token_dropout=0.1)
    assert "none can be left out" in refused.value.problems[0].message


def test_the_code_version_is_part_of_the_key(monkeypatch):
    usual = key_of(wanted_of(splits_of(LINES)))
    monkeypatch.setattr(prepared, "CODE_VERSION", 99)
    assert key_of(wanted_of(splits_of(LINES))) != usual
    assert json.loads(usual.removeprefix("texts "))["code"] < 99


def test_rows_are_read_in_chunks(tmp_path):
    assert [len(chunk.texts) for chunk in rows_of(LINES).read()] == [3, 3, 1]
