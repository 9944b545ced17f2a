"""Tokenizer: text as numbers and back; what every kind of it can do. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError

Tokens = NDArray[np.int64]

Special = Literal["padding", "unknown", "begin", "end", "mask"]
SPECIALS: tuple[Special, ...] = ("padding", "unknown", "begin", "end", "mask")
"""The tokens that stand for no text, from 0 on, of every tokenizer that is made here."""
UNKNOWN = "\ufffd"
"""What is shown in the place of a text that a tokenizer does not know."""
NOT_KNOWN = -1
"""In the place of a token's length: it stands for texts of different lengths."""


class NoSuchToken(EngineError):
    """A special token that a tokenizer does not have."""

    def __init__(self, name: str, has: Sequence[str]) -> None:
        super().__init__(
            f"The tokenizer has no token for {name!r}, only for {', '.join(has) or 'nothing'}. "
            "Choose another tokenizer."
        )


class Lengths(NamedTuple):
    """How long each token's text is; `NOT_KNOWN` for unknown ones, 0 for other special ones."""

    chars: Tokens
    """Characters; of a token with part of a character those that begin in it."""
    bytes: Tokens
    """Bytes of UTF-8."""


class Tokenizer(Protocol):
    """Text as numbers from 0 to its length, and back."""

    @property
    def kind(self) -> str:
        """The kind of tokenizer, as `TokenizerSpec` names it."""

    @property
    def special_tokens(self) -> dict[str, int]:
        """The tokens that stand for no text, by name."""

    @property
    def lengths(self) -> Lengths | None:
        """How much text each token stands for; None where that depends on its neighbours."""

    def __len__(self) -> int:
        """How many tokens there are, special ones included."""

    def special(self, name: str) -> int:
        """The special token of this name.

        Raises:
            NoSuchToken: when there is none.
        """

    def encode(self, text: str) -> Tokens:
        """The tokens of a text, without special ones at its ends."""

    def encode_all(self, texts: Sequence[str]) -> tuple[Tokens, Tokens]:
        """The tokens of all texts, one after another, and how many each text has."""

    def decode(self, tokens: NDArray[np.integer[Any]], *, special: str = "") -> str:
        """The text of tokens; special ones are left out, or shown as `special`.

        Unknown ones, and bytes that are no character alone, are shown as U+FFFD.
        """

    def piece(self, token: int) -> str:
        """One token as people see it: its text, the hexadecimal digits of bytes that are no
        character alone, or the name of a special token, these two in angle brackets."""

    def document(self) -> dict[str, Any]:
        """Plain data that `tokenizer_of` makes an equal tokenizer from."""


def joined(texts: Sequence[Sequence[int] | Tokens]) -> tuple[Tokens, Tokens]:
    """Tokens of texts, one text after another, and how many each has."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    if not lengths.sum():
        return np.zeros(0, np.int64), lengths
    return np.concatenate([np.asarray(tokens, np.int64) for tokens in texts]), lengths


def shown_bytes(piece: bytes) -> str:
    """Their text, with the hexadecimal digits of those that are no character alone."""
    text = piece.decode("utf-8", errors="surrogateescape")
    return "".join(
        f"⟨{ord(letter) - 0xDC00:02x}⟩" if 0xDC80 <= ord(letter) <= 0xDCFF else letter
        for letter in text
    )


class Pieces:
    """The bytes that each token stands for, as a table; special tokens stand for none."""

    def __init__(self, specials: Sequence[str], pieces: Sequence[bytes]) -> None:
        self.specials = tuple(specials)
        self.table: list[bytes] = [*(b"" for _ in specials), *pieces]

    def __len__(self) -> int:
        return len(self.table)

    def special(self, name: str) -> int:
        """The special token of this name.

        Raises:
            NoSuchToken: when there is none.
        """
        if name not in self.specials:
            raise NoSuchToken(name, self.specials)
        return self.specials.index(name)

    def text(self, tokens: NDArray[np.integer[Any]], special: str) -> str:
        """The text of tokens, with `special` for those that stand for none."""
        count, table = len(self.specials), self.table
        shown = [(UNKNOWN if name == "unknown" else special).encode() for name in self.specials]
        found = (shown[token] if token < count else table[token] for token in tokens.tolist())
        return b"".join(found).decode("utf-8", errors="replace")

    def piece(self, token: int) -> str:
        """One token as people see it."""
        if token < len(self.specials):
            return f"⟨{self.specials[token]}⟩"
        return shown_bytes(self.table[token])

    def lengths(self) -> Lengths:
        """Of all tokens; a byte begins a character unless it continues one."""
        sizes = [len(piece) for piece in self.table]
        begun = [sum(byte & 0xC0 != 0x80 for byte in piece) for piece in self.table]
        chars, size = np.array(begun, np.int64), np.array(sizes, np.int64)
        if "unknown" in self.specials:
            chars[self.special("unknown")] = size[self.special("unknown")] = NOT_KNOWN
        return Lengths(chars, size)


class PieceTokenizer:
    """What tokenizers share of which each token stands for the same bytes wherever it is."""

    specials: tuple[str, ...]
    """Names of the tokens that stand for no text, from 0."""

    @cached_property
    def pieces(self) -> Pieces:
        """What each token stands for."""
        raise NotImplementedError

    @property
    def special_tokens(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.specials)}

    @cached_property
    def lengths(self) -> Lengths:
        return self.pieces.lengths()

    def special(self, name: str) -> int:
        return self.pieces.special(name)

    def decode(self, tokens: NDArray[np.integer[Any]], *, special: str = "") -> str:
        return self.pieces.text(tokens, special)

    def piece(self, token: int) -> str:
        return self.pieces.piece(token)
