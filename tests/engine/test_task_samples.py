"""Samples of every task: what is shown is what the model did, and is read as it was written."""

import json
import math
from typing import get_args

import numpy as np
import pytest
import torch
from torch import nn

from engine.data.batching import ArraySource
from engine.data.loaded import LoadedData
from engine.data.sources import load_for
from engine.data.specs import DataFacts, IrisSpec
from engine.data.tables import table
from engine.data.vocabulary import CharVocabulary
from engine.losses import IGNORED
from engine.models.specs import MLPSpec
from engine.runs.samples import parsed
from engine.samples import SAMPLERS, sampler_for
from engine.task_spec import TaskKind, TaskSpec

VOCABULARY = CharVocabulary.of("abcd", ("padding", "mask", "begin", "end"))
A, B, C, D = range(4, 8)
MASK = VOCABULARY.special("mask")


class Fixed(nn.Module):
    """Gives the same outputs for the first samples, whatever they are."""

    def __init__(self, outputs):
        super().__init__()
        self.outputs = nn.Parameter(torch.as_tensor(outputs, dtype=torch.float32))
        self.drop = nn.Dropout(0.9)

    def forward(self, inputs):
        return self.drop(self.outputs[: len(inputs)])


def source_of(inputs, targets):
    return ArraySource({"inputs": torch.as_tensor(inputs), "targets": torch.as_tensor(targets)})


def loaded(vocabulary=VOCABULARY, **facts):
    plain = {"modality": "unknown", "train_samples": 1, "val_samples": 1}
    return LoadedData({}, {}, DataFacts(**plain, **facts), vocabulary)


def shown(kind, outputs, source, count=9, **facts):
    """The samples, which are JSON, can be read back, and cost the model nothing."""
    model = Fixed(outputs)
    found = sampler_for(TaskSpec(kind=kind), loaded(**facts), source)(model, count)
    assert model.training
    for sample in found:
        assert parsed(json.loads(json.dumps(sample, allow_nan=False))).model_dump() is not None
        assert sample.pop("kind") == parsed({**sample, "kind": KINDS[kind]}).kind
    return found


KINDS = {
    "sequence-classification": "classified-text",
    "multi-label-classification": "labelled-text",
    "token-classification": "marked-text",
    "masked-lm": "filled-text",
    "tabular-classification": "classified-row",
    "tabular-regression": "estimated-row",
}


def test_every_task_has_a_sampler():
    assert set(SAMPLERS) == set(get_args(TaskKind))


def test_texts_that_are_taken_for_another_class():
    source = source_of([[A, B, 0], [C, 0, 0], [D, D, D]], [0, 1, 0])
    logits = [[0, 9], [0, 9], [1, 0]]
    found = shown("sequence-classification", logits, source, classes=("if", "for"))
    sure = round(torch.tensor([0.0, 9.0]).softmax(0)[1].item(), 4)
    assert found == [
        {"index": 0, "text": "ab", "true": "if", "predicted": "for", "confidence": sure}
    ]


@pytest.mark.parametrize("count", [0, 1, 3, 600])
def test_the_first_wrong_texts_are_shown_across_blocks(count):
    source = source_of([[A]] * 700, [0, 1] * 350)
    found = shown("sequence-classification", [[1.0, 0]] * 256, source, count=count)
    assert [sample["index"] for sample in found] == list(range(1, 700, 2))[:count]
    assert all(sample["true"] == "1" for sample in found)


def test_texts_with_a_label_missing_or_wrong():
    source = source_of([[A], [B], [C]], [[1.0, 0, 0], [1, 1, 0], [0, IGNORED, 0]])
    logits = [[9, -9, -9], [9, -9, 9], [-9, 9, -9]]
    found = shown("multi-label-classification", logits, source, classes=("x", "y", "z"))
    assert found == [{"index": 1, "text": "b", "true": ["x", "y"], "predicted": ["x", "z"]}]


def test_marked_texts_end_before_their_padding():
    source = source_of([[A, B, C, 0], [D, 0, 0, 0]], [[1, IGNORED, 0, IGNORED], [IGNORED] * 4])
    logits = 9 * torch.eye(2)[torch.tensor([[1, 1, 1, 0], [0, 0, 0, 0]])]
    found = shown("token-classification", logits, source, classes=("name", "string"))
    assert found == [
        {
            "index": 0,
            "tokens": ["a", "b", "c"],
            "true": [1, None, 0],
            "predicted": [1, 1, 1],
            "classes": ["name", "string"],
        },
        {"index": 1, "tokens": [], "true": [], "predicted": [], "classes": ["name", "string"]},
    ]


def test_blanks_come_with_their_likeliest_tokens():
    source = source_of([[A, MASK, C]], [[IGNORED, B, C]])
    logits = torch.zeros(1, 3, len(VOCABULARY))
    logits[0, 1, D], logits[0, 1, B] = 3, 2
    logits[0, 2, MASK] = 50
    (found,) = shown("masked-lm", logits, source)
    assert found["tokens"] == ["a", "", "c"]
    first, second = found["blanks"]
    assert (first["place"], first["true"]) == (1, "b")
    assert [token for token, _ in first["guesses"]][:2] == ["d", "b"]
    shares = logits[0, 1].softmax(0)
    assert first["guesses"][0][1] == pytest.approx(shares[D].item(), abs=1e-4)
    assert second["true"] == "c"
    assert second["guesses"][0] == ["", 1.0]


def test_rows_are_shown_from_the_worst():
    rows = [[0.5, -1.0], [2.0, 3.0], [0.0, 0.0], [7.0, 7.0]]
    logits = [[1.0, 0], [4, 0], [9, 0], [3, 0]]
    facts = {"classes": ("no", "yes"), "features": ("age", "size")}
    found = shown("tabular-classification", logits, source_of(rows, [0, 1, 1, 1]), 2, **facts)
    assert [sample["index"] for sample in found] == [2, 1]
    assert found[1] == {
        "index": 1,
        "features": [["age", 2.0], ["size", 3.0]],
        "true": "yes",
        "predicted": "no",
        "confidence": round(torch.tensor([4.0, 0]).softmax(0)[0].item(), 4),
    }


def test_the_columns_of_a_row_are_shown_in_their_own_units():
    data, whole = load_for(IrisSpec(), MLPSpec()), table("iris")
    val = data.val["inputs"]
    source = source_of(val.tolist(), [0] * len(val))
    logits = [[0.0, 1.0, 0.0]] * len(val)
    task = TaskSpec(kind="tabular-classification")
    sampler = sampler_for(task, data, source)
    for sample in sampler(Fixed(torch.tensor(logits)), 5):
        names, values = zip(*sample["features"], strict=True)
        assert names == whole.features
        assert list(values) in whole.inputs.tolist()  # tenths of a centimetre, as in the file


def test_numbers_are_shown_from_the_worst_in_their_own_unit():
    facts = {"target_name": "price", "target_mean": 100.0, "target_std": 10.0}
    source = source_of([[1.0], [2.0], [3.0]], [0.0, 1.0, -1.0])
    found = shown("tabular-regression", [[0.5], [1.0], [1.0]], source, 2, **facts)
    assert found == [
        {
            "index": 2,
            "features": [["feature 0", 3.0]],
            "target": "price",
            "true": 90.0,
            "predicted": 110.0,
        },
        {
            "index": 0,
            "features": [["feature 0", 1.0]],
            "target": "price",
            "true": 100.0,
            "predicted": 105.0,
        },
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_that_is_not_finite_is_shown_without_invented_numbers(kind):
    width = {"masked-lm": len(VOCABULARY), "tabular-regression": 1}.get(kind, 2)
    tokens = kind in ("masked-lm", "token-classification")
    outputs = np.full((1, 2, width) if tokens else (1, width), math.nan)
    targets = {
        "multi-label-classification": [[1.0, 0.0]],
        "tabular-regression": [1.0],
        "masked-lm": [[A, B]],
        "token-classification": [[1, 1]],
    }.get(kind, [1])
    inputs = [[0.5, 1.0]] if kind.startswith("tabular") else [[A, B]]
    (found,) = shown(kind, outputs, source_of(inputs, targets))
    assert found.get("confidence") is None
    if kind == "tabular-regression":
        assert found["predicted"] is None
    if kind == "masked-lm":
        assert [blank["guesses"] for blank in found["blanks"]] == [[], []]


@pytest.mark.parametrize("kind", get_args(TaskKind))
def test_nothing_is_shown_without_held_out_samples_or_words(kind):
    task = TaskSpec(kind=kind)
    assert sampler_for(task, loaded(None), None)(Fixed([[0.0]]), 3) == []
    assert sampler_for(task, loaded(), None)(Fixed([[0.0]]), 3) == []
    if not kind.startswith("tabular"):
        assert sampler_for(task, loaded(None), source_of([[A]], [0]))(Fixed([[0.0]]), 3) == []


@pytest.mark.parametrize(
    "content",
    [
        None,
        "text",
        {},
        {"kind": "classified-text"},
        {"kind": "other", "index": 1},
        {
            "kind": "marked-text",
            "index": 0,
            "tokens": ["a"],
            "true": [0],
            "predicted": [3],
            "classes": ["x"],
        },
        {
            "kind": "filled-text",
            "index": 0,
            "tokens": ["a"],
            "blanks": [{"place": 1, "true": "a", "guesses": []}],
        },
    ],
)
def test_what_is_no_sample_is_nothing(content):
    assert parsed(content) is None
