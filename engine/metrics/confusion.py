"""Which class was taken for which.

torchmetrics counts with `_bincount`, which under deterministic algorithms (what every run has
unless it says otherwise) compares each sample with each of C * C cells: 2 GB for 256 samples of
1,000 classes. So the counting is done here; `tests/engine/test_metrics_oracle.py` compares all of
it with torchmetrics.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Counts = NDArray[np.int64]
Shares = NDArray[np.float64]

MOST_IN_A_MATRIX = 1000
"""With more classes only those pairs are kept that occur."""


class Scores(NamedTuple):
    """Of each class or label; NaN where it cannot be known."""

    precision: Shares
    """Of those said to be it, the share that is it."""
    recall: Shares
    """Of those that are it, the share said to be it."""
    f1: Shares
    """Harmonic mean of both."""
    support: Counts
    """How many are it."""

    def macro(self, values: Shares) -> float | None:
        """The mean over the classes that occur or were predicted; 0 counts for what is NaN."""
        occurs = ~np.isnan(self.f1)
        return float(np.nan_to_num(values[occurs]).mean()) if occurs.any() else None

    def weighted(self, values: Shares) -> float | None:
        """The mean over the samples of the value of their class."""
        samples = self.support.sum()
        return float(np.nan_to_num(values) @ self.support / samples) if samples else None


def scores(right: Counts, predicted: Counts, actual: Counts) -> Scores:
    """From how often each class was predicted rightly, predicted at all, and there at all."""
    return Scores(
        _shares(right, predicted),
        _shares(right, actual),
        _shares(2 * right, predicted + actual),
        actual,
    )


class Confusion:
    """Counts pairs of (true, predicted) class in memory that does not grow with the samples."""

    def __init__(self, classes: int) -> None:
        self.classes = classes
        self._matrix: Tensor | None = None
        self._pairs: Counter[int] = Counter()

    def add(self, predicted: Tensor, actual: Tensor) -> None:
        """Count pairs of classes (N,)."""
        pairs = actual * self.classes + predicted
        if self.classes > MOST_IN_A_MATRIX:
            found, counts = np.unique(pairs.cpu().numpy(), return_counts=True)
            self._pairs.update(dict(zip(found.tolist(), counts.tolist(), strict=True)))
            return
        if self._matrix is None:
            self._matrix = pairs.new_zeros(self.classes**2)
        self._matrix.scatter_add_(0, pairs, torch.ones_like(pairs))

    def right(self) -> int:
        """How many were predicted rightly."""
        actual, predicted, counts = self.pairs()
        return int(counts[actual == predicted].sum())

    def pairs(self) -> tuple[Counts, Counts, Counts]:
        """(true, predicted, how often) of every pair that occurred."""
        if self._matrix is not None:
            flat = self._matrix.cpu().numpy()
            cells = np.flatnonzero(flat)
            counts = flat[cells]
        else:
            cells = np.fromiter(self._pairs.keys(), np.int64, len(self._pairs))
            counts = np.fromiter(self._pairs.values(), np.int64, len(self._pairs))
        return cells // self.classes, cells % self.classes, counts

    def scores(self) -> Scores:
        actual, predicted, counts = self.pairs()
        hits = actual == predicted
        return scores(
            _tally(actual[hits], counts[hits], self.classes),
            _tally(predicted, counts, self.classes),
            _tally(actual, counts, self.classes),
        )


def _tally(classes: Counts, counts: Counts, most: int) -> Counts:
    total = np.zeros(most, np.int64)
    np.add.at(total, classes, counts)
    return total


def _shares(part: Counts, whole: Counts) -> Shares:
    shares = np.full(len(whole), np.nan)
    np.divide(part, whole, out=shares, where=whole > 0)
    return shares
