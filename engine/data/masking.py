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
    original: Tokens, samples: Tokens, masking: Masking, *, seed: int, epoch: int
) -> tuple[Tokens, Tokens]:
    """Inputs (B, T) with hidden tokens, and targets (B, T): the original token of each hidden one
    and `IGNORED` elsewhere.

    What is hidden is a function of seed, epoch and the numbers of the samples (B,).
    """
    chance, fate, other = _chances(samples, original.shape[1], seed, epoch)
    count = max(1, round(masking.share * original.shape[1]))
    chosen = chance.argsort(axis=1).argsort(axis=1) < count
    candidates = masking.candidates
    replacement = candidates.start + (other * len(candidates)).astype(np.int64)
    inputs = np.where(chosen & (fate < _MASKED + _REPLACED), replacement, original)
    inputs = np.where(chosen & (fate < _MASKED), masking.token, inputs)
    return inputs, np.where(chosen, original, IGNORED)


def _chances(samples: Tokens, length: int, seed: int, epoch: int) -> NDArray[np.float64]:
    """Three random numbers (3, B, T) from 0 to 1 for each token of these samples."""
    key = np.random.SeedSequence([seed, epoch, _STREAM]).generate_state(1, np.uint64)
    places = samples[:, None] * length + np.arange(length)
    numbers: NDArray[np.uint64] = (3 * places + np.arange(3)[:, None, None]).astype(np.uint64)
    return _hashed(numbers + key[0])


def _hashed(numbers: NDArray[np.uint64]) -> NDArray[np.float64]:
    """SplitMix64 (Steele, Lea and Flood, 2014): numbers that look random, from 0 to 1."""
    mixed = numbers * _GOLDEN
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53
