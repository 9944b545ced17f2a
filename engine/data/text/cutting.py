"""How samples are cut from prepared texts: pure functions of seed, epoch and numbers. No torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.data.mapped import Mapped
from engine.data.masking import draws
from engine.data.text.layout import Layout
from engine.data.text.tokenizer import Tokens

_WINDOW, _DROPOUT, _MASKING = 3, 4, 5
"""Streams of random numbers."""


class Texts:
    """Texts one behind another, as tokens, each with the end token behind it."""

    def __init__(self, tokens: np.ndarray, offsets: np.ndarray) -> None:
        self._tokens, self._offsets = Mapped(tokens), Mapped(offsets)

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @property
    def tokens(self) -> np.ndarray:
        """All tokens."""
        return self._tokens.plain

    def places(self, samples: Tokens) -> tuple[Tokens, Tokens]:
        """Where these texts begin (B,), and how many tokens each has without its end token."""
        offsets = self._offsets.plain
        starts = offsets[samples]
        return starts, offsets[samples + 1] - starts - 1

    def all_lengths(self) -> NDArray[np.int64]:
        """Tokens of every text without its end token."""
        return np.diff(self._offsets.plain) - 1


def gathered(values: np.ndarray, starts: Tokens, lengths: Tokens, filler: int) -> Tokens:
    """Rows (B, the longest) of values from these places on, filled up at their ends."""
    places = np.arange(max(1, int(lengths.max(initial=0))))
    inside = places < lengths[:, None]
    rows = np.full(inside.shape, filler, np.int64)
    rows[inside] = values[(starts[:, None] + places)[inside]]
    return rows


def taken(
    texts: Texts, samples: Tokens, layout: Layout, *, seed: int | None, epoch: int
) -> tuple[Tokens, Tokens]:
    """Which tokens of each text are read: the first (B,), and how many.

    Of a text without tokens it is its end token, unless the sample has one anyway. With a seed
    windows lie elsewhere in every epoch; without one they begin where the text does.
    """
    starts, lengths = texts.places(samples)
    count = np.minimum(lengths, layout.content)
    spare = lengths - count
    if layout.cut == "windows":
        if seed is not None:
            chance = draws(samples, seed=seed, epoch=epoch, stream=_WINDOW)
            starts = starts + (chance * (spare + 1)).astype(np.int64)
    elif layout.keep == "end":
        starts = starts + spare
    return starts, count if layout.framed else np.maximum(count, 1)


def written(texts: Texts, samples: Tokens, layout: Layout, most: int) -> tuple[Tokens, Tokens]:
    """Which tokens of each text are to be written: the first (B,), and how many; the end token is
    one of them where the text's end is."""
    starts, lengths = texts.places(samples)
    count = np.minimum(lengths + 1, most)
    return starts + (lengths + 1 - count if layout.keep == "end" else 0), count


def dropped(
    rows: Tokens, counts: Tokens, samples: Tokens, layout: Layout, *, seed: int, epoch: int
) -> tuple[Tokens, Tokens]:
    """Rows (B, T) without some of their tokens, and how many are left; one at least."""
    places = samples[:, None] * layout.length + np.arange(rows.shape[1])
    there = np.arange(rows.shape[1]) < counts[:, None]
    chance = draws(places, seed=seed, epoch=epoch, stream=_DROPOUT)
    chance[~there] = 0.0
    best = chance.max(axis=1, keepdims=True)
    kept = there & ((chance >= layout.token_dropout) | (chance == best))
    order = np.argsort(~kept, axis=1, kind="stable")
    left = kept.sum(axis=1)
    rows = np.take_along_axis(rows, order, axis=1)[:, : max(1, int(left.max(initial=0)))]
    return np.where(np.arange(rows.shape[1]) < left[:, None], rows, layout.padding), left


def masked(
    rows: Tokens, counts: Tokens, samples: Tokens, layout: Layout, *, seed: int, epoch: int
) -> Tokens:
    """Rows (B, T) with some of their tokens behind the mask token."""
    assert layout.mask is not None
    places = samples[:, None] * layout.length + np.arange(rows.shape[1])
    chance = draws(places, seed=seed, epoch=epoch, stream=_MASKING)
    there = np.arange(rows.shape[1]) < counts[:, None]
    return np.where(there & (chance < layout.token_masking), layout.mask, rows)


def framed(rows: Tokens, counts: Tokens, ends: tuple[int, int], filler: int) -> Tokens:
    """Rows (B, T + 2) with a token before the first and one behind the last of each."""
    wide = np.full((len(rows), rows.shape[1] + 2), filler, np.int64)
    wide[:, 1:-1] = rows
    wide[:, 0] = ends[0]
    wide[np.arange(len(rows)), counts + 1] = ends[1]
    return wide


def shifted(rows: Tokens, counts: Tokens, layout: Layout) -> Tokens:
    """What is known when each token of the rows (B, T) is written: the begin token, then all
    tokens before it."""
    known = np.full(rows.shape, layout.padding, np.int64)
    known[:, 0] = layout.begin
    known[:, 1:] = rows[:, :-1]
    known[np.arange(rows.shape[1]) >= counts[:, None]] = layout.padding
    return known
