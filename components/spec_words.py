"""Models, data and changes in a few words, for tables, headings and notices."""

from __future__ import annotations

from collections.abc import Iterable

from components import readable
from components.plain_text import as_markdown
from engine.data.specs import DataSpec
from engine.documents.differences import Difference
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


def changes_in_words(differences: Iterable[Difference]) -> str:
    """What was changed, with the labels of the form, as markdown; empty for nothing."""
    return ", ".join(
        f"{as_markdown(item.label)} {_shown(item.left)} → {_shown(item.right)}"
        for item in differences
    )


def _shown(value: object) -> str:
    if isinstance(value, float):
        return readable.shortest(value)
    return "off" if value in (None, False) else "on" if value is True else as_markdown(str(value))
