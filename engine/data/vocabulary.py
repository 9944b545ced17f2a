"""CharVocabulary: text as numbers and back, one number a character."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError

PADDING = 0
"""The token that fills up short samples, in vocabularies with special tokens."""
IGNORED = -100
"""Target of a position that is not predicted: `engine.losses.IGNORED`, which needs torch."""


class UnknownCharacter(EngineError):
    """A text with characters that the model has no number for."""

    def __init__(self, unknown: str, known: str) -> None:
        super().__init__(
            f"The text has characters that are not in the vocabulary: {unknown[:20]!r}. "
            f"Use only these: {known!r}."
        )


@dataclass(frozen=True)
class CharVocabulary:
    """The special tokens, then the characters of a text in the order of their code points."""

    characters: str
    specials: tuple[str, ...] = ()
    """Names of the tokens that stand for no character, from 0; the first is the padding."""

    @classmethod
    def of(cls, text: str, specials: tuple[str, ...] = ()) -> Self:
        """The vocabulary of every character in `text`."""
        return cls("".join(sorted(set(text))), specials)

    def __len__(self) -> int:
        return len(self.specials) + len(self.characters)

    def special(self, name: str) -> int:
        """The special token of this name."""
        return self.specials.index(name)

    def encode(self, text: str) -> NDArray[np.int64]:
        """Tokens of `text`, one a character.

        Raises:
            UnknownCharacter: when the vocabulary lacks a character of the text.
        """
        unknown = "".join(sorted(set(text) - set(self.characters)))
        if unknown:
            raise UnknownCharacter(unknown, self.characters)
        places = np.searchsorted(self._code_points, _code_points(text)).astype(np.int64)
        return places + len(self.specials)

    def decode(self, tokens: NDArray[np.integer], *, special: str = "") -> str:
        """The text of `tokens`, whole numbers below the vocabulary's size.

        Special tokens are left out, or shown as `special`.
        """
        shown = [*[special] * len(self.specials), *self.characters]
        return "".join(shown[token] for token in tokens.tolist())

    @cached_property
    def _code_points(self) -> NDArray[np.uint32]:
        return _code_points(self.characters)


def _code_points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
