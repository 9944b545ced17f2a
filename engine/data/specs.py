"""Data sources as typed documents, and the facts about loaded data that other forms need."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from engine.frozen import Frozen, knob


class PythonDocsSpec(Frozen):
    """The English text of Python's own documentation topics (PSF licence), ships with Python."""

    source: Literal["python-docs"] = "python-docs"
    val_fraction: float = knob(0.1, "Validation share", common=True, gt=0, lt=1)
    """Share of the text that is held out for validation, in whole topics."""
    split_seed: int = knob(0, "Split seed", ge=0, le=2**32 - 1)
    """Decides which samples are held out."""


class DigitsSpec(Frozen):
    """1,797 handwritten digits of 8x8 pixels (UCI, CC BY 4.0), ships with scikit-learn."""

    source: Literal["digits"] = "digits"
    val_fraction: float = knob(0.2, "Validation share", common=True, gt=0, lt=1)
    """Share of each class that is held out for validation."""
    split_seed: int = knob(0, "Split seed", ge=0, le=2**32 - 1)
    """Decides which samples are held out."""


class InMemoryData(Frozen):
    """Data that was handed to the Trainer as objects; only that program can resume it."""

    source: Literal["in-memory"] = "in-memory"
    description: dict[str, Any] = {}
    """What the caller said about the data."""


DataSpec = Annotated[PythonDocsSpec | DigitsSpec | InMemoryData, Field(discriminator="source")]


class DataFacts(Frozen):
    """What models and checks need to know about loaded data. Unknown is None."""

    modality: Literal["text", "image", "unknown"]
    train_samples: int
    """Samples in one pass over the training data (for text: blocks of the context length)."""
    val_samples: int
    """Samples held out for validation; 0 when there are none."""
    tokens_per_sample: int | None = None
    """Tokens of one text sample."""
    vocabulary_size: int | None = None
    """Distinct tokens of a text."""
    classes: tuple[str, ...] | None = None
    """Names of the classes, in the order of their labels."""
    image_shape: tuple[int, int, int] | None = None
    """(channels, height, width) of one image."""
    train_tokens: int | None = None
    """Tokens of the training text."""
    val_tokens: int | None = None
    """Tokens of the validation text."""
    fingerprint: str = ""
    """SHA-256 of the data's content, split and order."""
