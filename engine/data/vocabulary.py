"""CharVocabulary: text as numbers and back, one number a character."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from engine.data.text.tokenizer import Pieces, PieceTokenizer, Tokens
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
class CharVocabulary(PieceTokenizer):
    """The special tokens, then the characters of a text in the order of their code points."""

    characters: str
    specials: tuple[str, ...] = ()
    """Names of the tokens that stand for no character, from 0; the first is the padding."""
    kind = "char"

    @classmethod
    def of(cls, text: str, specials: tuple[str, ...] = ()) -> Self:
        """The vocabulary of every character in `text`."""
        return cls("".join(sorted(set(text))), specials)

    def __len__(self) -> int:
        return len(self.specials) + len(self.characters)

    def encode(self, text: str) -> Tokens:
        """Tokens of `text`, one a character.

        Raises:
            UnknownCharacter: when the vocabulary lacks a character of the text, and has no token
                for unknown ones.
        """
        if "unknown" in self.specials:
            return self._with_unknown(text)
        unknown = "".join(sorted(set(text) - set(self.characters)))
        if unknown:
            raise UnknownCharacter(unknown, self.characters)
        places = np.searchsorted(self._code_points, _code_points(text)).astype(np.int64)
        return places + len(self.specials)

    def encode_all(self, texts: Sequence[str]) -> tuple[Tokens, Tokens]:
        """The tokens of all texts, one after another, and how many each text has."""
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        return self.encode("".join(texts)), lengths

    def document(self) -> dict[str, Any]:
        """Plain data that `tokenizer_of` makes an equal vocabulary from."""
        return {"kind": self.kind, "specials": list(self.specials), "characters": self.characters}

    def _with_unknown(self, text: str) -> Tokens:
        known, found = self._code_points, _code_points(text)
        if not len(known):
            return np.full(len(found), self.special("unknown"), np.int64)
        places = np.searchsorted(known, found).clip(max=len(known) - 1).astype(np.int64)
        is_known = known[places] == found
        return np.where(is_known, places + len(self.specials), self.special("unknown"))

    @cached_property
    def pieces(self) -> Pieces:
        return Pieces(self.specials, [character.encode() for character in self.characters])

    @cached_property
    def _code_points(self) -> NDArray[np.uint32]:
        return _code_points(self.characters)


def _code_points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
