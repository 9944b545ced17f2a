"""What is hidden of a text for a masked language model. No torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.data.loaded import Masking
from engine.data.vocabulary import IGNORED

Tokens = NDArray[np.int64]

_MASKED, _REPLACED = 0.8, 0.1
"""Shares of the hidden tokens; the others stay as they are (Devlin and others, 2019)."""
_STREAM = 2
_GOLDEN, _FIRST, _SECOND = map(
    np.uint64, (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)


def hidden(
    original: Tokens,
    samples: Tokens,
    masking: Masking,
    *,
    seed: int,
    epoch: int,
    allowed: NDArray[np.bool_] | None = None,
) -> tuple[Tokens, Tokens]:
    """Inputs (B, T) with hidden tokens, and targets (B, T): the original token of each hidden one
    and `IGNORED` elsewhere.

    What is hidden is a function of seed, epoch and the numbers of the samples (B,). Only `allowed`
    tokens (B, T) are hidden, the share of them; None for all.
    """
    length = original.shape[1]
    chance, fate, other = _chances(samples, length, masking.stride or length, seed, epoch)
    if allowed is None:
        count = max(1, round(masking.share * length))
        chosen = chance.argsort(axis=1).argsort(axis=1) < count
    else:
        chosen = _of_allowed(chance, allowed, masking.share)
    place = (other * len(masking.candidates)).astype(np.int64)
    candidates = masking.candidates
    replacement = candidates.start + place if isinstance(candidates, range) else candidates[place]
    inputs = np.where(chosen & (fate < _MASKED + _REPLACED), replacement, original)
    inputs = np.where(chosen & (fate < _MASKED), masking.token, inputs)
    return inputs, np.where(chosen, original, IGNORED)


def _of_allowed(
    chance: NDArray[np.float64], allowed: NDArray[np.bool_], share: float
) -> NDArray[np.bool_]:
    counts = np.rint(share * allowed.sum(axis=1, keepdims=True)).clip(min=1)
    ranks = np.where(allowed, chance, 2.0).argsort(axis=1).argsort(axis=1)
    chosen: NDArray[np.bool_] = allowed & (ranks < counts)
    return chosen


def draws(places: Tokens, *, seed: int, epoch: int, stream: int) -> NDArray[np.float64]:
    """A random number from 0 to 1 for each of these places: a function of all that is given."""
    key = np.random.SeedSequence([seed, epoch, stream]).generate_state(1, np.uint64)
    return _hashed(places.astype(np.uint64) + key[0])


def _chances(
    samples: Tokens, length: int, stride: int, seed: int, epoch: int
) -> NDArray[np.float64]:
    """Three random numbers (3, B, T) from 0 to 1 for each token of these samples."""
    places = samples[:, None] * stride + np.arange(length)
    numbers = 3 * places + np.arange(3)[:, None, None]
    return draws(numbers, seed=seed, epoch=epoch, stream=_STREAM)


def _hashed(numbers: NDArray[np.uint64]) -> NDArray[np.float64]:
    """SplitMix64 (Steele, Lea and Flood, 2014): numbers that look random, from 0 to 1."""
    mixed = numbers * _GOLDEN
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53
