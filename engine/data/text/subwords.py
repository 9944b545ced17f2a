"""SubwordTokenizer: byte-level BPE and unigram tokens of the `tokenizers` library."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from tokenizers import Tokenizer as Library
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE, Unigram
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer, UnigramTrainer

from engine.data.text.preparation import BPESpec, UnigramSpec
from engine.data.text.tokenizer import SPECIALS, Pieces, PieceTokenizer, Tokens, joined

_NEVER = 0.03
"""Bytes that never occurred get scores this little above the lowest: 0.0001 for each, in any
order."""


class SubwordTokenizer(PieceTokenizer):
    """The special tokens, then those of a byte-level tokenizer of the library.

    The library knows nothing of the special ones, so no text can be taken for one of them.
    """

    def __init__(self, kind: str, library: Library, specials: Sequence[str] = SPECIALS) -> None:
        self.kind, self._library, self.specials = kind, library, tuple(specials)

    def __len__(self) -> int:
        return len(self.specials) + self._library.get_vocab_size()

    def encode(self, text: str) -> Tokens:
        found = self._library.encode(text, add_special_tokens=False).ids
        return np.array(found, np.int64) + len(self.specials)

    def encode_all(self, texts: Sequence[str]) -> tuple[Tokens, Tokens]:
        found = self._library.encode_batch_fast(list(texts), add_special_tokens=False)
        tokens, lengths = joined([encoding.ids for encoding in found])
        return tokens + len(self.specials), lengths

    def document(self) -> dict[str, Any]:
        library = json.loads(self._library.to_str())
        return {"kind": self.kind, "specials": list(self.specials), "library": library}

    @cached_property
    def pieces(self) -> Pieces:
        return Pieces(self.specials, byte_pieces(self._library))


def learned(spec: BPESpec | UnigramSpec, texts: Iterator[str]) -> SubwordTokenizer:
    """A tokenizer of at most the wanted size, learned from texts."""
    library = Library(BPE() if isinstance(spec, BPESpec) else Unigram())
    library.pre_tokenizer = ByteLevel(add_prefix_space=False)
    library.decoder = ByteLevelDecoder()
    size = spec.vocabulary_size - len(SPECIALS)
    alphabet = ByteLevel.alphabet()
    trainer: BpeTrainer | UnigramTrainer
    if isinstance(spec, BPESpec):
        trainer = BpeTrainer(
            vocab_size=size,
            min_frequency=spec.min_count,
            initial_alphabet=alphabet,
            show_progress=False,
        )
    else:
        trainer = UnigramTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)
    library.train_from_iterator(texts, trainer)
    return SubwordTokenizer(spec.kind, library if spec.kind == "bpe" else _settled(library))


def _settled(library: Library) -> Library:
    """A learned unigram tokenizer without what differs from one time to the next: the order of
    sums in its scores, and the scores of single bytes that never occurred."""
    document = json.loads(library.to_str())
    vocabulary = document["model"]["vocab"]
    lowest = min(score for _, score in vocabulary)
    scores = {
        piece: round(lowest if len(piece) == 1 and score < lowest + _NEVER else score, 6)
        for piece, score in vocabulary
    }
    in_order = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    document["model"]["vocab"] = [list(item) for item in in_order]
    return Library.from_str(json.dumps(document))


def byte_pieces(library: Library, added: Mapping[str, bytes] | None = None) -> list[bytes]:
    """The bytes of each token of a byte-level tokenizer, in the order of its numbers.

    Tokens that were `added` to it are not written in the letters of bytes.
    """
    bytes_of = {ord(letter): number for number, letter in enumerate(_letters())}
    by_number = sorted((number, token) for token, number in library.get_vocab().items())
    known = added or {}
    return [
        known[token] if token in known else token.translate(bytes_of).encode("latin-1")
        for _, token in by_number
    ]


def _letters() -> list[str]:
    """The letter that the library writes for each byte: those that can be seen stand for
    themselves, the others for the letters from 256 on, in order."""
    seen = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = (number for number in range(0x100, 0x200))
    return [chr(number if number in seen else next(others)) for number in range(0x100)]
