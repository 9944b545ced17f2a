"""LoadedData: the arrays of a source, split, with the facts that models need. No torch."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.data.augmentation_spec import Augmentation
from engine.data.specs import DataFacts
from engine.data.text.layout import Layout
from engine.data.text.tokenizer import Tokenizer

if TYPE_CHECKING:
    from engine.data.text.prepared import PreparedTexts

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Masking:
    """How tokens are hidden for a masked language model."""

    share: float
    """Share of each sample that is to be predicted."""
    token: int
    """What stands in the place of a hidden token."""
    candidates: range | NDArray[np.int64]
    """The tokens that a hidden one may be replaced by."""
    stride: int | None = None
    """The most tokens of a sample, where samples differ in length."""


@dataclass(frozen=True, eq=False)
class LoadedData:
    """Arrays of both splits and what is known about them.

    A text that is cut into blocks has 'tokens' (N,) for each split. Prepared texts (with a
    layout) have 'tokens' (N,) and the 'offsets' (S + 1,) of each text in them. All else has the
    fields of its batches, one row a sample.
    """

    train: Arrays
    val: Arrays
    facts: DataFacts
    vocabulary: Tokenizer | None = None
    block_size: int | None = None
    """Length of the blocks of a text that is cut into blocks."""
    masking: Masking | None = None
    """For blocks of which tokens are hidden."""
    layout: Layout | None = None
    """For prepared texts, whose samples are cut when they are fetched."""
    prepared: PreparedTexts | None = None
    """What is known of prepared texts: lengths, counts of tokens, what is unknown."""
    augmentation: Augmentation | None = None
    """How training images are changed at random; None for not at all."""
    notes: tuple[str, ...] = ()
    """What people should know of how the data was prepared, in whole sentences."""


def text_samples(tokens: int, block_size: int, *, shifting: bool) -> int:
    """How many blocks with a target for each token fit into a text, whatever the shift is.

    Training blocks are shifted by up to `block_size - 1` tokens from epoch to epoch; one more
    token is the last target.
    """
    spare = 1 + (block_size - 1 if shifting else 0)
    return max(0, tokens - spare) // block_size


def fingerprint(*arrays: np.ndarray) -> str:
    """SHA-256 of the arrays in order: their types, shapes and bytes."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
