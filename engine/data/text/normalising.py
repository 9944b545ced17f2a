"""Normalising: a tokenizer that reads texts in small letters, or in one way of writing them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.data.text.tokenizer import Lengths, Tokenizer, Tokens

Form = Literal["none", "nfc", "nfkc"]
_FORMS: dict[str, Literal["NFC", "NFKC"]] = {"nfc": "NFC", "nfkc": "NFKC"}


@dataclass(frozen=True)
class Normalising:
    """Changes every text before its tokens are looked up; tokens have the changed text."""

    inner: Tokenizer
    lower: bool
    form: Form

    @property
    def kind(self) -> str:
        return self.inner.kind

    @property
    def special_tokens(self) -> dict[str, int]:
        return self.inner.special_tokens

    @property
    def lengths(self) -> Lengths | None:
        return self.inner.lengths

    def __len__(self) -> int:
        return len(self.inner)

    def special(self, name: str) -> int:
        return self.inner.special(name)

    def encode(self, text: str) -> Tokens:
        return self.inner.encode(normalised(text, self.lower, self.form))

    def encode_all(self, texts: Sequence[str]) -> tuple[Tokens, Tokens]:
        return self.inner.encode_all([normalised(text, self.lower, self.form) for text in texts])

    def decode(self, tokens: NDArray[np.integer[Any]], *, special: str = "") -> str:
        return self.inner.decode(tokens, special=special)

    def piece(self, token: int) -> str:
        return self.inner.piece(token)

    def document(self) -> dict[str, Any]:
        inner = self.inner.document()
        return {"kind": "normalising", "lower": self.lower, "form": self.form, "inner": inner}


def normalised(text: str, lower: bool, form: Form) -> str:
    """The text in small letters, and in one way of writing each letter, as wanted."""
    if lower:
        text = text.lower()
    return text if form == "none" else unicodedata.normalize(_FORMS[form], text)
