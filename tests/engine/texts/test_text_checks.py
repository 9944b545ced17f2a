"""What is said of texts before a run starts, at the field that is to be changed."""

from pathlib import Path

import pytest

from engine.data.specs import DataFacts
from engine.data.text.preparation import TextPreparation
from engine.machine import machine_facts
from engine.preflight import preflight
from engine.run_spec import RunSpec

FACTS = {
    "modality": "text",
    "task": "causal-lm",
    "train_samples": 100,
    "val_samples": 10,
    "tokens_per_sample": 64,
    "vocabulary_size": 300,
    "padded": True,
}


def findings(model=None, **facts):
    spec = RunSpec.parse(
        {
            "task": {"kind": "causal-lm"},
            "model": model or {"kind": "gpt", "block_size": 64},
            "data": {
                "source": "dataset",
                "dataset": "0" * 64,
                "task": "causal-lm",
                "columns": {"text": "text"},
            },
        }
    )
    found = preflight(spec, DataFacts.parse(FACTS | facts), machine_facts(Path()))
    return {
        (finding.severity, finding.problem.path): str(finding.problem)
        for finding in found
        if finding.problem.path.startswith(("data.text", "model.block_size"))
    }


@pytest.mark.parametrize(
    ("facts", "where", "words"),
    [
        ({}, None, ""),
        ({"tokens_per_sample": 65}, ("error", "model.block_size"), "up to 65 tokens"),
        ({"cut_share": 0.5}, ("warning", "data.text.length"), "leaves out 50%"),
        ({"unknown_share": 0.3}, ("warning", "data.text.tokenizer"), "does not know 30%"),
    ],
)
def test_what_does_not_suit_is_named_at_its_field(facts, where, words):
    found = findings(**facts)
    assert set(found) == ({where} if where else set())
    assert words in found.get(where, "")


def test_masks_of_imported_models_know_one_padding_only():
    model = {"kind": "imported", "code": "0" * 64, "entry": "Net"}
    assert ("error", "data.text.tokenizer") in findings(model, padding_token=7)
    assert ("error", "data.text.tokenizer") not in findings(model, padding_token=0)


@pytest.mark.parametrize(
    ("task", "cut", "equal"),
    [
        ("causal-lm", "windows", True),
        ("masked-lm", "windows", True),
        ("causal-lm", "pack", False),  # the last block is shorter
        ("causal-lm", "truncate", False),
        ("sequence-classification", "windows", False),
    ],
)
def test_only_blocks_of_strung_texts_are_all_of_one_length(task, cut, equal):
    assert TextPreparation(cut=cut).in_equal_blocks(task) is equal
