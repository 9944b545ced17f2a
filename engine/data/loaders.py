"""One loader for each source: from its spec to arrays, split, with their facts. No torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data import digits, highlighting, python_code, python_docs, restoration, statements
from engine.data.loaded import Arrays, LoadedData, Masking, fingerprint, text_samples
from engine.data.python_code import Sample
from engine.data.specs import (
    DATA_TASKS,
    BreastCancerSpec,
    DataFacts,
    DiabetesSpec,
    DigitsSpec,
    IrisSpec,
    MaskedDocsSpec,
    PythonConstructsSpec,
    PythonDocsSpec,
    PythonKeywordsSpec,
    PythonTokensSpec,
    RestoreDocsSpec,
    WineSpec,
)
from engine.data.tables import split_table, table
from engine.data.vocabulary import IGNORED, PADDING, CharVocabulary
from engine.errors import EngineError

Tokens = NDArray[np.int64]
CodeSpec = PythonTokensSpec | PythonKeywordsSpec | PythonConstructsSpec
TableSpec = BreastCancerSpec | WineSpec | IrisSpec | DiabetesSpec


class BlockSizeMissing(EngineError):
    """Text cannot be cut into samples without a length."""

    def __init__(self, source: str) -> None:
        super().__init__(
            f"The text {source!r} needs a context length to be cut into samples. "
            "Choose a model that reads text, such as 'gpt'."
        )


# -- running text ------------------------------------------------------------------------------


def _python_docs(data: PythonDocsSpec, block_size: int | None) -> LoadedData:
    if block_size is None:
        raise BlockSizeMissing(data.source)
    vocabulary, train, val, seal = _docs_tokens(data.val_fraction, data.split_seed, ())
    facts = _block_facts(data.source, block_size, vocabulary, (train, val), seal)
    return LoadedData({"tokens": train}, {"tokens": val}, facts, vocabulary, block_size)


def _masked_docs(data: MaskedDocsSpec, block_size: int | None) -> LoadedData:
    specials = ("padding", "mask")
    vocabulary, train, val, seal = _docs_tokens(data.val_fraction, data.split_seed, specials)
    facts = _block_facts(data.source, data.length, vocabulary, (train, val), seal)
    candidates = range(len(specials), len(vocabulary))
    masking = Masking(data.mask_share, vocabulary.special("mask"), candidates)
    tokens = {"tokens": train}, {"tokens": val}
    return LoadedData(*tokens, facts, vocabulary, data.length, masking)


def _block_facts(
    source: str,
    length: int,
    vocabulary: CharVocabulary,
    tokens: tuple[Tokens, Tokens],
    seal: str,
) -> DataFacts:
    train, val = map(len, tokens)
    return DataFacts(
        modality="text",
        task=DATA_TASKS[source],
        train_samples=text_samples(train, length, shifting=True),
        val_samples=text_samples(val, length, shifting=False),
        tokens_per_sample=length,
        vocabulary_size=len(vocabulary),
        train_tokens=train,
        val_tokens=val,
        fingerprint=seal,
    )


@lru_cache(maxsize=4)
def _docs_tokens(
    val_fraction: float, split_seed: int, specials: tuple[str, ...]
) -> tuple[CharVocabulary, Tokens, Tokens, str]:
    """The alphabet is that of the whole text: it tells nothing of what the held-out part says,
    and with one alphabet the losses of different splits can be compared."""
    train, val = python_docs.split_text(val_fraction=val_fraction, split_seed=split_seed)
    vocabulary = _docs_alphabet(specials)
    tokens = vocabulary.encode(train), vocabulary.encode(val)
    content = (np.frombuffer(text.encode(), dtype=np.uint8) for text in (train, val))
    return vocabulary, *tokens, fingerprint(*content)


def _docs_alphabet(specials: tuple[str, ...]) -> CharVocabulary:
    text = python_docs.BETWEEN_TOPICS.join(python_docs.topics().values())
    return CharVocabulary.of(text, specials)


# -- pieces of text ----------------------------------------------------------------------------


def _restore_docs(data: RestoreDocsSpec, block_size: int | None) -> LoadedData:
    vocabulary = _docs_alphabet(("padding", "begin", "end"))
    train, val = (
        restoration.pieces(texts, length=data.length)
        for texts in python_docs.split_topics(
            val_fraction=data.val_fraction, split_seed=data.split_seed
        )
    )
    known = set(train)
    splits = (train, [piece for piece in val if piece not in known])
    return _texts(
        data.source,
        [_restored(pieces, vocabulary, data.length) for pieces in splits],
        vocabulary,
        target_tokens=data.length + 1,
    )


def _restored(pieces: Sequence[str], vocabulary: CharVocabulary, length: int) -> Arrays:
    begin, end = ([vocabulary.special(name)] for name in ("begin", "end"))
    texts = [vocabulary.encode(piece) for piece in pieces]
    stripped = [vocabulary.encode(restoration.stripped(piece)) for piece in pieces]
    return {
        "inputs": _padded(stripped, length),
        "decoder_inputs": _padded([np.append(begin, text) for text in texts], length + 1),
        "targets": _padded([np.append(text, end) for text in texts], length + 1, IGNORED),
    }


def _python_code(data: CodeSpec, block_size: int | None) -> LoadedData:
    classes, samples_of, answers = CODE[data.source]
    vocabulary = CharVocabulary.of(python_code.ALPHABET, ("padding",))
    splits = python_code.split_samples(
        partial(samples_of, length=data.length),
        val_fraction=data.val_fraction,
        split_seed=data.split_seed,
    )
    arrays = [
        {
            "inputs": _padded([vocabulary.encode(text) for text, _ in samples], data.length),
            "targets": answers(samples, data.length),
        }
        for samples in splits
    ]
    return _texts(data.source, arrays, vocabulary, classes=classes)


def _of_characters(samples: Sequence[Sample], length: int) -> Tokens:
    return _padded([np.frombuffer(kinds, np.uint8) for _, kinds in samples], length, IGNORED)


def _numbers(samples: Sequence[Sample], length: int) -> Tokens:
    return np.array([number for _, number in samples], np.int64)


def _labels(samples: Sequence[Sample], length: int) -> NDArray[np.float32]:
    labels = [present for _, present in samples]
    return np.array(labels, np.float32).reshape(-1, len(statements.CONSTRUCTS))


CODE: dict[str, tuple[tuple[str, ...], Callable[..., list[Sample]], Callable[..., np.ndarray]]] = {
    "python-tokens": (highlighting.CHARACTERS, highlighting.windows, _of_characters),
    "python-keywords": (statements.KEYWORDS, statements.keywords, _numbers),
    "python-constructs": (tuple(statements.CONSTRUCTS), statements.constructs, _labels),
}
"""Source -> its classes, the samples of one module, and their targets."""


def _texts(
    source: str,
    splits: Sequence[Arrays],
    vocabulary: CharVocabulary,
    *,
    target_tokens: int | None = None,
    classes: tuple[str, ...] | None = None,
) -> LoadedData:
    """Padded texts with their facts; the held-out ones in random order, so that the first ones
    speak for all of them."""
    train, ordered = splits
    order = np.random.default_rng(0).permutation(len(ordered["inputs"]))
    val = {name: array[order] for name, array in ordered.items()}
    facts = DataFacts(
        modality="text",
        task=DATA_TASKS[source],
        train_samples=len(train["inputs"]),
        val_samples=len(val["inputs"]),
        tokens_per_sample=train["inputs"].shape[1],
        target_tokens=target_tokens,
        padded=True,
        vocabulary_size=len(vocabulary),
        classes=classes,
        fingerprint=fingerprint(*train.values(), *val.values()),
    )
    return LoadedData(train, val, facts, vocabulary)


def _padded(rows: Sequence[np.ndarray], length: int, filler: int = PADDING) -> Tokens:
    """The rows (N, length), each filled up at its end."""
    filled = np.full((len(rows), length), filler, np.int64)
    for place, row in enumerate(rows):
        filled[place, : len(row)] = row
    return filled


# -- images and tables -------------------------------------------------------------------------


def _digits(data: DigitsSpec, block_size: int | None) -> LoadedData:
    train, val = digits.split_digits(val_fraction=data.val_fraction, split_seed=data.split_seed)
    facts = DataFacts(
        modality="image",
        task=DATA_TASKS[data.source],
        train_samples=len(train["targets"]),
        val_samples=len(val["targets"]),
        classes=digits.CLASSES,
        image_shape=(1, 8, 8),
        fingerprint=fingerprint(*train.values(), *val.values()),
    )
    augmentation = data.augmentation if data.augmentation.chosen else None
    return LoadedData(train, val, facts, augmentation=augmentation)


def _table(data: TableSpec, block_size: int | None) -> LoadedData:
    whole = table(data.source)
    split = split_table(data.source, val_fraction=data.val_fraction, split_seed=data.split_seed)
    facts = DataFacts(
        modality="table",
        task=DATA_TASKS[data.source],
        train_samples=len(split.train["targets"]),
        val_samples=len(split.val["targets"]),
        classes=whole.classes,
        features=whole.features,
        feature_means=split.feature_means,
        feature_stds=split.feature_stds,
        target_name=whole.target_name,
        target_mean=split.target_mean,
        target_std=split.target_std,
        fingerprint=fingerprint(*split.train.values(), *split.val.values()),
    )
    return LoadedData(split.train, split.val, facts)


Loader = Callable[[Any, int | None], LoadedData]

LOADERS: Mapping[str, Loader] = {
    "python-docs": _python_docs,
    "masked-docs": _masked_docs,
    "restore-docs": _restore_docs,
    **dict.fromkeys(CODE, _python_code),
    "digits": _digits,
    **dict.fromkeys(("breast-cancer", "wine", "iris", "diabetes"), _table),
}
"""Source -> its loader, which is given the spec and the length of blocks that the model wants."""
