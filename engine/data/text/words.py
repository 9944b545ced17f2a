"""WordTokenizer: one token a word, with the space before it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from engine.data.text.tokenizer import SPECIALS, Pieces, PieceTokenizer, Tokens, joined

_WORDS = re.compile(r" ?\w+| ?[^\w\s]|\s")


def words_of(text: str) -> list[str]:
    """The text in words and single other characters, with the space before each, if there is
    one. Put together again they are the text."""
    return _WORDS.findall(text)


@dataclass(frozen=True)
class WordTokenizer(PieceTokenizer):
    """The special tokens, then the words; all other words are unknown."""

    words: tuple[str, ...]
    specials: tuple[str, ...] = SPECIALS
    kind = "word"

    @classmethod
    def of(cls, texts: Iterable[str], *, size: int, min_count: int) -> Self:
        """The most frequent words of the texts; of equally frequent ones those that sort first."""
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(words_of(text))
        frequent = [word for word, count in counts.items() if count >= min_count]
        frequent.sort(key=lambda word: (-counts[word], word))
        return cls(tuple(frequent[: size - len(SPECIALS)]))

    def __len__(self) -> int:
        return len(self.specials) + len(self.words)

    def encode(self, text: str) -> Tokens:
        return np.array(self._numbers_of(text), np.int64)

    def encode_all(self, texts: Sequence[str]) -> tuple[Tokens, Tokens]:
        return joined([self._numbers_of(text) for text in texts])

    def document(self) -> dict[str, Any]:
        return {"kind": self.kind, "specials": list(self.specials), "words": list(self.words)}

    def _numbers_of(self, text: str) -> list[int]:
        places, unknown = self._places, self.special("unknown")
        return [places.get(word, unknown) for word in words_of(text)]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self.words, len(self.specials))}

    @cached_property
    def pieces(self) -> Pieces:
        return Pieces(self.specials, [word.encode() for word in self.words])
