"""PreparedTexts: the tokens of a data set on the disk, and what is known of them. No torch."""

from __future__ import annotations

import json
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.data.mapped import mapped
from engine.data.preparation.cache import kept
from engine.data.progress import Progress, silent
from engine.data.text.making import TOKENIZER, tokenizer_from_json
from engine.data.text.preparation import CODE_VERSION, HuggingFaceTokenizerSpec
from engine.data.text.preparing import SUMMARY, Wanted, prepare
from engine.data.text.summary import SplitSummary, Summary
from engine.data.text.tokenizer import Tokenizer

_AT_ONCE = 1_000_000


class LengthHistogram(NamedTuple):
    """How many texts have how many tokens."""

    edges: list[int]
    """The fewest tokens of each bin, and one more than the most of the last."""
    counts: list[int]


class TokenUse(NamedTuple):
    """How often a token occurs."""

    token: int
    piece: str
    """What people see of it."""
    times: int


class PreparedTexts:
    """What lies in a folder that `prepare` has filled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.summary = Summary.parse_json((folder / SUMMARY).read_bytes())

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """What made the tokens."""
        return tokenizer_from_json((self.folder / TOKENIZER).read_text(encoding="utf-8"))

    def of(self, split: str) -> SplitSummary:
        """What is known of a split, 'train' or 'val'."""
        return self.summary.train if split == "train" else self.summary.val

    def arrays(self, split: str) -> dict[str, np.ndarray]:
        """All arrays of a split; they stay on the disk."""
        names = [name for name in self.of(split).digests if not name.endswith("token_counts")]
        return {name: mapped(self.folder / f"{split}.{name}.npy") for name in names}

    def token_counts(self, split: str = "train") -> NDArray[np.int64]:
        """How often each token occurs in the texts of a split, by its number."""
        counts: NDArray[np.int64] = np.load(self.folder / f"{split}.token_counts.npy")
        return counts

    def frequent(self, most: int, split: str = "train") -> list[TokenUse]:
        """The tokens that occur most often in the texts of a split."""
        counts = self.token_counts(split)
        order = np.argsort(-counts, kind="stable")[:most]
        return [
            TokenUse(token, self.tokenizer.piece(token), int(counts[token]))
            for token in order.tolist()
            if counts[token]
        ]

    def cut_off(self, split: str, most: int, field: str = "offsets") -> tuple[int, int]:
        """How many tokens stand behind the first `most` of their texts, and in how many texts."""
        tokens = texts = 0
        for lengths in self._lengths(split, field):
            over = lengths[lengths > most] - most
            tokens += int(over.sum())
            texts += len(over)
        return tokens, texts

    def lengths(self, split: str, bins: int = 40, field: str = "offsets") -> LengthHistogram:
        """How long the texts of a split are, in tokens."""
        summary = self.of(split).texts if field == "offsets" else self.of(split).answers
        longest = 0 if summary is None else summary.longest
        width = max(1, -(-(longest + 1) // bins))
        counts = np.zeros(-(-(longest + 1) // width), np.int64)
        for lengths in self._lengths(split, field):
            counts += np.bincount(lengths // width, minlength=len(counts))
        edges = [place * width for place in range(len(counts) + 1)]
        return LengthHistogram(edges, counts.tolist())

    def _lengths(self, split: str, field: str) -> list[NDArray[np.int64]]:
        offsets = np.asarray(mapped(self.folder / f"{split}.{field}.npy"))
        starts = range(0, max(0, len(offsets) - 1), _AT_ONCE)
        return [np.diff(offsets[start : start + _AT_ONCE + 1]) - 1 for start in starts]


def prepared_texts(root: Path, wanted: Wanted, progress: Progress = silent) -> PreparedTexts:
    """Texts as they are wanted: from the disk if they were prepared before.

    Raises:
        NoRoom: when the disk is full.
        EngineError: for whatever `prepare` cannot do.
    """
    folder = kept(
        root,
        key_of(wanted),
        lambda part: prepare(wanted, part, progress),
        "making the texts into tokens",
    )
    return PreparedTexts(folder)


def key_of(wanted: Wanted) -> str:
    """All that decides on the tokens: the rows, the tokenizer, and the code that makes them."""
    how = wanted.how
    decisive = how.model_dump(include={"tokenizer", "lower", "normalisation"})
    document = {
        "code": CODE_VERSION,
        "rows": wanted.splits.identity,
        "task": wanted.task,
        "labels": wanted.labels,
        "mask": how.token_masking is not None,
        **decisive,
    }
    if how.tokenizer.kind in ("bpe", "unigram", "hugging-face"):
        document["library"] = version("tokenizers")
    if isinstance(how.tokenizer, HuggingFaceTokenizerSpec):
        document["files"] = _digest_of(how.tokenizer.name)
    return "texts " + json.dumps(document, sort_keys=True)


def _digest_of(name: str) -> str:
    from engine.data.text.hugging_face import digest_of

    return digest_of(name)
