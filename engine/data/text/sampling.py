"""Texts in pieces that fit into memory, and a random choice of them."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

LONGEST_PIECE = 65_536
"""Characters that are made into tokens at once: the library takes 20 bytes of memory for each."""


def pieces(text: str, most: int = LONGEST_PIECE) -> Iterator[str]:
    """The text in pieces of at most so many characters, cut before a space where there is one in
    the second half of a piece. Put together again they are the text."""
    start = 0
    while len(text) - start > most:
        end = start + most
        space = max(
            text.rfind(" ", start + most // 2, end), text.rfind("\n", start + most // 2, end)
        )
        end = space if space > start else end
        yield text[start:end]
        start = end
    yield text[start:]


class Chosen(NamedTuple):
    """Texts to learn from, and of how much they were chosen."""

    texts: list[str]
    chars: int
    """Characters of these texts."""
    of_chars: int
    """Characters of all texts."""


def choice(texts: Iterable[str], *, most_chars: int, seed: int = 0) -> Chosen:
    """All texts, or so many random ones that they have at most `most_chars` characters together;
    in their order, in memory that does not grow with the others."""
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, 0x746F6B])))
    kept: list[tuple[float, int, str]] = []  # the largest draw first
    chars = of_chars = 0
    every = (piece for text in texts for piece in pieces(text) if piece)
    for place, piece in enumerate(every):
        heapq.heappush(kept, (-rng.random(), place, piece))
        chars += len(piece)
        of_chars += len(piece)
        while chars > most_chars and len(kept) > 1:
            chars -= len(heapq.heappop(kept)[2])
    in_order = [piece for _, _, piece in sorted(kept, key=lambda entry: entry[1])]
    return Chosen(in_order, chars, of_chars)
