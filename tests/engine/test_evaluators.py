"""Evaluators: texts are written one token after another, and end where they end."""

from types import SimpleNamespace
from typing import get_args

import pytest
import torch
from torch import nn

from engine.data.batching import ArraySource
from engine.data.vocabulary import CharVocabulary
from engine.evaluators import TEXTS, evaluator_for
from engine.losses import IGNORED
from engine.models.seq2seq import Seq2Seq
from engine.task_spec import METRICS, TaskKind, TaskSpec
from engine.writing import written_texts

TASK = TaskSpec(kind="seq2seq")
VOCABULARY = CharVocabulary.of("abc", ("padding", "begin", "end"))
END = VOCABULARY.special("end")


class Copier(nn.Module):
    """Writes what it reads, and behind its end what nobody is to see."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def generate(self, inputs, begin, end, max_tokens):
        assert not self.training
        assert (begin, end) == (1, END)
        written = torch.cat([inputs, torch.zeros_like(inputs)], dim=1)
        written[written == 0] = end
        written[:, len(VOCABULARY) - 2 :] = VOCABULARY.encode("c")[0]
        return written[:, :max_tokens]


def source_of(pairs, length=4):
    def padded(text, filler, *behind):
        tokens = [*VOCABULARY.encode(text).tolist(), *behind]
        return tokens + [filler] * (length + len(behind) - len(tokens))

    inputs = torch.tensor([padded(asked, 0) for asked, _ in pairs])
    targets = torch.tensor([padded(wanted, IGNORED, END) for _, wanted in pairs])
    return ArraySource({"inputs": inputs, "decoder_inputs": targets, "targets": targets})


def loaded(vocabulary=VOCABULARY):
    return SimpleNamespace(vocabulary=vocabulary)


def test_texts_end_where_they_end():
    model, source = Copier(), source_of([("ab", "ba"), ("c", "c"), ("a", "a")])
    found = written_texts(model, source, TASK, VOCABULARY, count=2)
    assert [tuple(text) for text in found] == [("ab", "ba", "ab"), ("c", "c", "c")]
    assert model.training


def test_a_model_that_cannot_write_is_not_measured():
    model, source = nn.Linear(1, 1), source_of([("a", "a")])
    assert written_texts(model, source, TASK, VOCABULARY, count=2) == []
    assert evaluator_for(TASK, loaded(), source).measure(model) == {}


def test_the_bundled_model_writes():
    torch.manual_seed(0)
    sizes = {"length": 4, "target_length": 5, "layers": 1, "heads": 1, "width": 8}
    model = Seq2Seq(vocabulary_size=len(VOCABULARY), **sizes)
    found = written_texts(model, source_of([("ab", "ba")]), TASK, VOCABULARY, count=1)
    assert found[0].input == "ab"
    assert len(found[0].text) <= 5


@pytest.mark.parametrize("count", [0, 1, 3, 5])
def test_no_more_is_written_than_asked_for_or_there_is(count):
    found = written_texts(Copier(), source_of([("a", "a")] * 3), TASK, VOCABULARY, count=count)
    assert len(found) == min(count, 3)


def test_what_is_measured_is_what_the_task_promises():
    source = source_of([("ab", "ab"), ("cab", "b")] + [("a", "a")] * TEXTS)
    found = evaluator_for(TASK, loaded(), source).measure(Copier())
    assert set(METRICS["seq2seq"]) - set(found) == {"loss", "perplexity", "accuracy"}
    assert set(found) < set(METRICS["seq2seq"])
    assert found["exact_match"] == (TEXTS - 1) / TEXTS


def test_measuring_leaves_no_trace():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    evaluator_for(TASK, loaded(), source_of([("ab", "ab")])).measure(Copier())
    assert torch.rand(1) == expected


@pytest.mark.parametrize("kind", get_args(TaskKind))
def test_only_texts_are_measured_beside_the_outputs(kind):
    source = source_of([("a", "a")])
    task = TaskSpec(kind=kind)
    assert (evaluator_for(task, loaded(), source) is not None) == (kind == "seq2seq")
    assert evaluator_for(task, loaded(), None) is None
    assert evaluator_for(task, loaded(None), source) is None
