"""Models and data in a few words, for tables, headings and queries."""

from __future__ import annotations

from engine.data.specs import DataSpec
from engine.models.specs import (
    CNNSpec,
    EncoderSpec,
    GPTSpec,
    InMemoryModel,
    MLPSpec,
    ModelSpec,
    Seq2SeqSpec,
    ViTSpec,
)

_DATA = {
    "python-docs": "Python docs",
    "masked-docs": "Masked docs",
    "restore-docs": "Restored docs",
    "python-tokens": "Python tokens",
    "python-keywords": "Python keywords",
    "python-constructs": "Python constructs",
    "digits": "Digits",
    "breast-cancer": "Breast cancer",
    "wine": "Wine",
    "iris": "Iris",
    "diabetes": "Diabetes",
    "in-memory": "In memory",
}


def model_words(model: ModelSpec) -> str:
    """The kind of model and its size: depth by width."""
    match model:
        case GPTSpec():
            return f"GPT {model.layers}×{model.width}"
        case EncoderSpec():
            return f"Encoder {model.layers}×{model.width}"
        case Seq2SeqSpec():
            return f"Seq2seq {model.layers}×{model.width}"
        case ViTSpec():
            return f"ViT {model.layers}×{model.width}"
        case CNNSpec():
            return f"CNN {model.stages}×{model.channels}"
        case MLPSpec():
            return f"MLP {model.layers}×{model.width}"
        case InMemoryModel():
            return model.class_name


def data_words(data: DataSpec) -> str:
    """Where the samples come from."""
    return _DATA[data.source]
