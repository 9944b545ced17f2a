"""CharVocabulary: text as numbers and back, one number a character."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError


class UnknownCharacter(EngineError):
    """A text with characters that the model has no number for."""

    def __init__(self, unknown: str, known: str) -> None:
        super().__init__(
            f"The text has characters that are not in the vocabulary: {unknown[:20]!r}. "
            f"Use only these: {known!r}."
        )


@dataclass(frozen=True)
class CharVocabulary:
    """The characters of a text in the order of their code points; a token is a position in it."""

    characters: str

    @classmethod
    def of(cls, text: str) -> Self:
        """The vocabulary of every character in `text`."""
        return cls("".join(sorted(set(text))))

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> NDArray[np.int64]:
        """Tokens of `text`, one a character.

        Raises:
            UnknownCharacter: when the vocabulary lacks a character of the text.
        """
        unknown = "".join(sorted(set(text) - set(self.characters)))
        if unknown:
            raise UnknownCharacter(unknown, self.characters)
        return np.searchsorted(self._code_points, _code_points(text)).astype(np.int64)

    def decode(self, tokens: NDArray[np.integer]) -> str:
        """The text of `tokens`, whole numbers below the vocabulary's size."""
        return "".join(self.characters[token] for token in tokens.tolist())

    @cached_property
    def _code_points(self) -> NDArray[np.uint32]:
        return _code_points(self.characters)


def _code_points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
