"""ByteTokenizer: one token a byte of UTF-8."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from engine.data.text.tokenizer import SPECIALS, Pieces, PieceTokenizer, Tokens

BYTES = tuple(bytes([number]) for number in range(256))


@dataclass(frozen=True)
class ByteTokenizer(PieceTokenizer):
    """The special tokens, then the 256 bytes: no text is unknown."""

    specials: tuple[str, ...] = SPECIALS
    kind = "byte"

    def __len__(self) -> int:
        return len(self.pieces)

    def encode(self, text: str) -> Tokens:
        return _numbers(text.encode()) + len(self.specials)

    def encode_all(self, texts: Sequence[str]) -> tuple[Tokens, Tokens]:
        encoded = [text.encode() for text in texts]
        lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
        return _numbers(b"".join(encoded)) + len(self.specials), lengths

    def document(self) -> dict[str, Any]:
        return {"kind": self.kind, "specials": list(self.specials)}

    @cached_property
    def pieces(self) -> Pieces:
        return Pieces(self.specials, BYTES)


def _numbers(text: bytes) -> Tokens:
    return np.frombuffer(text, np.uint8).astype(np.int64)
