"""Tiny models of transformers, saved as people save theirs, and facts of data to build them for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from engine.data.specs import DataFacts
from engine.models.hugging_face.building import hugging_face_model
from engine.models.hugging_face.net import HuggingFaceNet
from engine.models.hugging_face.spec import (
    FromConfiguration,
    FromFiles,
    HuggingFaceModel,
    Tuning,
)

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
BERT = {**SMALL, "intermediate_size": 48}
VOCABULARY = 97
CLASSES = ("a", "b", "c")
_TEXT: dict[str, Any] = {"modality": "text", "train_samples": 10, "val_samples": 4}
_TOKENS: dict[str, Any] = {**_TEXT, "vocabulary_size": VOCABULARY, "tokens_per_sample": 16}

FACTS = {
    "causal-lm": DataFacts(task="causal-lm", padded=False, **_TOKENS),
    "masked-lm": DataFacts(task="masked-lm", padded=False, **_TOKENS),
    "seq2seq": DataFacts(task="seq2seq", padded=True, target_tokens=12, **_TOKENS),
    "sequence-classification": DataFacts(
        task="sequence-classification", padded=True, classes=CLASSES, **_TOKENS
    ),
    "token-classification": DataFacts(
        task="token-classification", padded=True, classes=CLASSES, **_TOKENS
    ),
    "multi-label-classification": DataFacts(
        task="multi-label-classification", padded=True, classes=CLASSES, **_TOKENS
    ),
    "image-classification": DataFacts(
        modality="image",
        task="image-classification",
        train_samples=5,
        val_samples=2,
        image_shape=(1, 8, 8),
        classes=tuple("0123456789"),
    ),
}


def configured(model_type: str, config: dict[str, Any], **more: Any) -> HuggingFaceModel:
    return HuggingFaceModel(origin=FromConfiguration(model_type=model_type, config=config), **more)


def stored(content: str, tuning: Tuning | None = None, **more: Any) -> HuggingFaceModel:
    origin = FromFiles(content=content, name="tiny", **more)
    return HuggingFaceModel(origin=origin, **({"tuning": tuning} if tuning else {}))


def net_of(
    model: HuggingFaceModel, task: str, folder: Path | None = None, seed: int = 0
) -> HuggingFaceNet:
    torch.manual_seed(seed)
    return hugging_face_model(model, FACTS[task], folder)


def save_gpt2(folder: Path, *, pickled: bool = False, vocabulary: int = 120) -> Path:
    """A GPT-2 with a tokenizer of characters, as `save_pretrained` leaves it."""
    from tokenizers import Tokenizer, models
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(1)
    model = GPT2LMHeadModel(
        GPT2Config(vocab_size=vocabulary, n_embd=32, n_layer=2, n_head=2, n_positions=32)
    )
    model.save_pretrained(folder)
    if pickled:
        (folder / "model.safetensors").unlink()
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
    words = {chr(32 + place): place for place in range(vocabulary - 25)}
    Tokenizer(models.WordLevel(words, unk_token=" ")).save(str(folder / "tokenizer.json"))
    return folder


def save_vit(folder: Path) -> Path:
    """A vision transformer for colour images of 12x12 pixels and five classes."""
    from transformers import ViTConfig, ViTForImageClassification

    torch.manual_seed(2)
    config = ViTConfig(**BERT, image_size=12, patch_size=2, num_channels=3, num_labels=5)
    ViTForImageClassification(config).save_pretrained(folder)
    return folder


def save_bert(folder: Path) -> Path:
    """A BERT that fills in tokens."""
    from transformers import BertConfig, BertForMaskedLM

    torch.manual_seed(3)
    BertForMaskedLM(BertConfig(**BERT, vocab_size=120)).save_pretrained(folder)
    return folder


def save_llama(folder: Path) -> Path:
    """A Llama whose head is not tied to its embeddings."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(4)
    config = LlamaConfig(**BERT, vocab_size=120, tie_word_embeddings=False)
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder
