"""RoBERTa's family counts positions from behind its padding, which it is told of."""

from __future__ import annotations

from pathlib import Path

import torch

from engine.models.hugging_face.building import hugging_face_model
from engine.models.hugging_face.intake import from_folder
from engine.models.hugging_face.library import HuggingFaceLibrary
from tests.engine.hugging_face.made import BERT, FACTS, VOCABULARY, configured, net_of, stored


def test_positions_that_are_given_are_those_that_roberta_finds() -> None:
    net = net_of(configured("roberta", BERT), "sequence-classification").eval()
    tokens = torch.randint(1, VOCABULARY, (2, 9), generator=torch.Generator().manual_seed(0))
    tokens[1, 5:] = 0
    named = net._named(tokens)
    del named["position_ids"]
    assert torch.equal(net(tokens), net.model(**named).logits)


def test_stored_weights_keep_the_positions_that_they_were_trained_with(
    tmp_path: Path,
) -> None:
    from transformers import RobertaConfig, RobertaForSequenceClassification

    config = RobertaConfig(**BERT, vocab_size=120, max_position_embeddings=40, pad_token_id=3)
    RobertaForSequenceClassification(config).save_pretrained(tmp_path / "tiny")
    library = HuggingFaceLibrary(tmp_path)
    content = from_folder(library, tmp_path / "tiny")
    for padding in (0, 90):  # the data's own tokens: 90 is no position that the model has
        facts = FACTS["sequence-classification"].model_copy(update={"padding_token": padding})
        net = hugging_face_model(stored(content), facts, library.folder(content))
        tokens = torch.tensor([[5, 6, 7, 8], [5, 6, padding, padding]])
        positions = net._named(tokens)["position_ids"]
        assert positions.tolist() == [[4, 5, 6, 7], [4, 5, 3, 3]]
