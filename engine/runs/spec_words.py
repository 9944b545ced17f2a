"""Models and data in a few words, for tables, headings and queries."""

from __future__ import annotations

from engine.data.library.spec import DatasetSpec
from engine.data.specs import DataSpec
from engine.models.specs import (
    CNNSpec,
    HuggingFaceModel,
    ImportedModel,
    InMemoryModel,
    ModelSpec,
    ResNetSpec,
)

_LAYERED = {
    "gpt": "GPT",
    "encoder": "Encoder",
    "seq2seq": "Seq2seq",
    "vit": "ViT",
    "mlp": "MLP",
    "tabular-transformer": "Tabular transformer",
}

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
        case ImportedModel() | HuggingFaceModel():
            return model.shown_name
        case InMemoryModel():
            return model.class_name
        case CNNSpec():
            return f"CNN {model.stages}×{model.channels}"
        case ResNetSpec():
            return f"ResNet {model.layers}×{model.channels}"
        case _:
            return f"{_LAYERED[model.kind]} {model.layers}×{model.width}"


def data_words(data: DataSpec) -> str:
    """Where the samples come from."""
    return data.shown_name if isinstance(data, DatasetSpec) else _DATA[data.source]
