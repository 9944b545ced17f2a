"""Data sources: from a typed spec to arrays, split, with the facts that models need. No torch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from engine.data import digits, python_docs
from engine.data.specs import DataFacts, DataSpec, DigitsSpec, PythonDocsSpec
from engine.data.vocabulary import CharVocabulary
from engine.errors import EngineError
from engine.models.specs import GPTSpec, ModelSpec

Arrays = Mapping[str, np.ndarray]


class NotLoadable(EngineError):
    """Data that exists only in the memory of the program that made it."""

    def __init__(self) -> None:
        super().__init__(
            "This run's data was handed to the Trainer in memory, so it cannot be loaded from "
            "its description. Run the program that made it, or choose a bundled source."
        )


class BlockSizeMissing(EngineError):
    """Text cannot be cut into samples without a length."""

    def __init__(self, source: str) -> None:
        super().__init__(
            f"The text {source!r} needs a context length to be cut into samples. "
            "Choose a model that reads text, such as 'gpt'."
        )


@dataclass(frozen=True, eq=False)
class LoadedData:
    """Arrays of both splits and what is known about them.

    For text, each split has 'tokens' (N,); otherwise 'inputs' and 'targets', one row a sample.
    """

    train: Arrays
    val: Arrays
    facts: DataFacts
    vocabulary: CharVocabulary | None = None
    block_size: int | None = None


@dataclass(frozen=True)
class Provenance:
    """Where data comes from, to be shown beside it."""

    source: str
    licence: str


PROVENANCE: dict[str, Provenance] = {
    "python-docs": Provenance(python_docs.SOURCE, python_docs.LICENCE),
    "digits": Provenance(digits.SOURCE, digits.LICENCE),
    "in-memory": Provenance("handed to the Trainer in memory", "unknown"),
}


def load(data: DataSpec, *, block_size: int | None = None) -> LoadedData:
    """Load and split the data; `block_size` is the length of one text sample in tokens.

    Loading is cached: do not write into the arrays.

    Raises:
        NotLoadable: for data that was handed over in memory.
        BlockSizeMissing: for text without a block size.
    """
    if data.source not in LOADERS:
        raise NotLoadable
    return _load(data, block_size)


def load_for(data: DataSpec, model: ModelSpec) -> LoadedData:
    """Load and split the data, cut as this model reads it.

    Raises:
        NotLoadable: for data that was handed over in memory.
        BlockSizeMissing: for text beside a model that reads none.
    """
    return load(data, block_size=_block_size(model))


def facts_of(data: DataSpec, model: ModelSpec) -> DataFacts:
    """What forms and checks need to know about the data, cut as this model reads it.

    Beside a model that reads no text each token counts as a sample; preflight refuses the pair.

    Raises:
        NotLoadable: for data that was handed over in memory.
    """
    block_size = _block_size(model)
    if data.source == "python-docs" and block_size is None:
        block_size = 1
    return load(data, block_size=block_size).facts


def _block_size(model: ModelSpec) -> int | None:
    return model.block_size if isinstance(model, GPTSpec) else None


def text_samples(tokens: int, block_size: int, *, shifting: bool) -> int:
    """How many blocks with a target for each token fit into a text, whatever the shift is.

    Training blocks are shifted by up to `block_size - 1` tokens from epoch to epoch; one more
    token is the last target.
    """
    spare = 1 + (block_size - 1 if shifting else 0)
    return max(0, tokens - spare) // block_size


@lru_cache(maxsize=16)
def _load(data: DataSpec, block_size: int | None) -> LoadedData:
    return LOADERS[data.source](data, block_size)


def _python_docs(data: PythonDocsSpec, block_size: int | None) -> LoadedData:
    if block_size is None:
        raise BlockSizeMissing(data.source)
    vocabulary, train, val, fingerprint = _python_docs_tokens(data)
    facts = DataFacts(
        modality="text",
        train_samples=text_samples(len(train), block_size, shifting=True),
        val_samples=text_samples(len(val), block_size, shifting=False),
        tokens_per_sample=block_size,
        vocabulary_size=len(vocabulary),
        train_tokens=len(train),
        val_tokens=len(val),
        fingerprint=fingerprint,
    )
    return LoadedData({"tokens": train}, {"tokens": val}, facts, vocabulary, block_size)


@lru_cache(maxsize=4)
def _python_docs_tokens(
    data: PythonDocsSpec,
) -> tuple[CharVocabulary, np.ndarray, np.ndarray, str]:
    """The alphabet is that of the whole text: it tells nothing of what the held-out part says,
    and with one alphabet the losses of different splits can be compared."""
    train, val = python_docs.split_text(val_fraction=data.val_fraction, split_seed=data.split_seed)
    vocabulary = CharVocabulary.of(python_docs.BETWEEN_TOPICS.join(python_docs.topics().values()))
    tokens = vocabulary.encode(train), vocabulary.encode(val)
    content = (np.frombuffer(text.encode(), dtype=np.uint8) for text in (train, val))
    return vocabulary, *tokens, _fingerprint(*content)


def _digits(data: DigitsSpec, block_size: int | None) -> LoadedData:
    train, val = digits.split_digits(val_fraction=data.val_fraction, split_seed=data.split_seed)
    facts = DataFacts(
        modality="image",
        train_samples=len(train["targets"]),
        val_samples=len(val["targets"]),
        classes=digits.CLASSES,
        image_shape=(1, 8, 8),
        fingerprint=_fingerprint(*train.values(), *val.values()),
    )
    return LoadedData(train, val, facts)


def _fingerprint(*arrays: np.ndarray) -> str:
    """SHA-256 of the arrays in order: their types, shapes and bytes."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


Loader = Callable[[Any, int | None], LoadedData]

LOADERS: dict[str, Loader] = {"python-docs": _python_docs, "digits": _digits}
