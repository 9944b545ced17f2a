"""Texts in the tokens of a pretrained model: its numbers, its special tokens, its padding."""

import hashlib
import json

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from engine.data.batching import batch_sources
from engine.data.text.hugging_face import NoTokenizer
from engine.metrics.known import known_of
from engine.models.build import build_model
from engine.models.specs import EncoderSpec

from .material import load, splits_of

WORDS = ["[CLS]", "the", "cat", "##s", "sat", "[UNK]", "[SEP]", "[PAD]", "[MASK]"]


@pytest.fixture
def folder(tmp_path):
    """WordPiece as BERT has it, with padding that is not token 0."""
    numbers = {word: number for number, word in enumerate(WORDS)}
    library = Tokenizer(models.WordPiece(numbers, unk_token="[UNK]"))
    library.normalizer = normalizers.BertNormalizer(lowercase=True)
    library.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    library.save(str(tmp_path / "tokenizer.json"))
    named = {
        "pad_token": "[PAD]",
        "cls_token": "[CLS]",
        "sep_token": {"content": "[SEP]"},
        "unk_token": "[UNK]",
        "mask_token": "[MASK]",
    }
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(named))
    return tmp_path


def loaded(tmp_path, folder, task="sequence-classification", **how):
    splits = splits_of(["The cats sat", "dog"], targets=([0, 1], [0]))
    tokenizer = {"kind": "hugging-face", "name": str(folder)}
    return load(tmp_path / "root", splits, task, tokenizer=tokenizer, classes=("a", "b"), **how)


def test_samples_are_framed_and_padded_as_the_model_knows_it(tmp_path, folder):
    found = loaded(tmp_path, folder)
    batch = batch_sources(found, seed=0)[0].batch(0, np.arange(2))
    assert batch["inputs"].tolist() == [[0, 1, 2, 3, 4, 6], [0, 5, 6, 7, 7, 7]]
    assert found.vocabulary.decode(batch["inputs"][1].numpy(), special="|") == "|\ufffd||||"
    facts = found.facts
    assert (facts.vocabulary_size, facts.padding_token) == (9, 7)
    assert facts.tokenizer == hashlib.sha256((folder / "tokenizer.json").read_bytes()).hexdigest()
    assert facts.unknown_share == 1 / 5
    assert known_of(found).token_bytes is None, "what was changed before it was cut is not known"


def test_an_encoder_looks_at_no_padding_whatever_its_number(tmp_path, folder):
    facts = loaded(tmp_path, folder).facts
    torch.manual_seed(0)
    model = build_model(EncoderSpec(layers=1, heads=1, width=8), facts).eval()
    short, padded = torch.tensor([[0, 5, 6]]), torch.tensor([[0, 5, 6, 7, 7]])
    assert torch.allclose(model(short), model(padded), atol=1e-6)


def test_what_is_hidden_stands_behind_its_mask_token_and_special_tokens_are_not_drawn(
    tmp_path, folder
):
    found = loaded(tmp_path, folder, "masked-lm", mask_share=0.9)
    assert found.masking.token == 8
    assert found.masking.candidates.tolist() == [1, 2, 3, 4]


def test_other_files_are_other_data_and_none_are_refused(tmp_path, folder):
    before = loaded(tmp_path, folder).facts.fingerprint
    assert loaded(tmp_path, folder).facts.fingerprint == before
    text = (
        (folder / "tokenizer.json").read_text().replace('"lowercase": true', '"lowercase": false')
    )
    (folder / "tokenizer.json").write_text(text)
    assert loaded(tmp_path, folder).facts.fingerprint != before
    (folder / "tokenizer.json").unlink()
    with pytest.raises(NoTokenizer, match=r"no tokenizer\.json"):
        loaded(tmp_path, folder)
