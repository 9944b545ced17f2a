"""The optional packages that models of Hugging Face need, and what to say where one is missing."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

from engine.errors import EngineError
from engine.models.hugging_face.spec import HuggingFaceModel, LoRATuning

INSTALL = "python -m pip install -r requirements-extras.txt"


class ExtraMissing(EngineError):
    """A package that this installation does without."""

    def __init__(self, names: str) -> None:
        super().__init__(f"Models of Hugging Face need {names}. Install with: {INSTALL}")


def missing(model: HuggingFaceModel) -> str:
    """The packages that are needed and not installed, in words; empty where all are there.

    Nothing is imported, so this is quick.
    """
    return " and ".join(name for name in _needed(model) if not installed(name))


def installed(name: str) -> bool:
    """Whether a package can be imported here."""
    return importlib.util.find_spec(name) is not None


def refuse_missing(model: HuggingFaceModel) -> None:
    """Do nothing where all packages are there.

    Raises:
        ExtraMissing: where one is not.
    """
    names = missing(model)
    if names:
        raise ExtraMissing(names)


def _needed(model: HuggingFaceModel) -> Iterator[str]:
    yield "transformers"
    if isinstance(model.tuning, LoRATuning):
        yield "peft"
