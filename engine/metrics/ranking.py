"""The area under the receiver operating characteristic, in memory that does not grow forever."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

MOST_EXACT = 1_000_000
"""Scores that are kept; with more of them they are counted in bins."""
_LARGEST_LOGIT = 16.2
"""Of a probability 1e-7 away from 0 or 1, the last that float32 tells from them."""
_CELLS = 2_000_000


class _Scores(NamedTuple):
    """Probabilities (N, C), which of them belong to what is there, and which count."""

    probabilities: Tensor
    positive: Tensor
    counted: Tensor


class Ranking:
    """One against the rest for each of C columns: exact, or from histograms of many scores."""

    def __init__(self, columns: int, *, most_exact: int = MOST_EXACT) -> None:
        self._columns, self._most_exact = columns, most_exact
        self._kept: list[_Scores] = []
        self._cells = 0
        self._bins: _Bins | None = None

    def add(self, probabilities: Tensor, positive: Tensor, counted: Tensor) -> None:
        """Add probabilities (N, C), which of them belong to what is there, and which count."""
        self._kept.append(_Scores(probabilities, positive, counted))
        self._cells += probabilities.numel()
        if self._cells > self._most_exact:
            self._bins = self._bins or _Bins(self._columns)
            for scores in self._kept:
                self._bins.add(scores)
            self._kept = []

    def areas(self) -> NDArray[np.float64]:
        """For each column the share of (positive, negative) pairs in the right order.

        Half of a pair that is tied; NaN where there is no pair.
        """
        if self._bins is not None:
            return self._bins.areas()
        if not self._kept:
            return np.full(self._columns, np.nan)
        parts = (torch.cat(part).cpu().numpy() for part in zip(*self._kept, strict=True))
        columns = zip(*(part.T for part in parts), strict=True)
        return np.array([_area(score[kept], there[kept]) for score, there, kept in columns])

    def mean_area(self) -> float | None:
        """The mean over the columns for which it is known."""
        areas = self.areas()
        known = areas[~np.isnan(areas)]
        return float(known.mean()) if len(known) else None


class _Bins:
    """Histograms of scores, evenly spaced in the log-odds of the probability.

    So scores close to 0 (all of them, with many classes) are told apart. Samples in one bin count
    as tied. With up to 1,000 classes a bin is 0.016 wide.
    """

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._bins = int(np.clip(_CELLS // columns, 200, 2000))
        self._counts: Tensor | None = None  # of negative, then of positive scores

    def add(self, scores: _Scores) -> None:
        log_odds = torch.logit(scores.probabilities.float(), eps=1e-7)
        place = (log_odds + _LARGEST_LOGIT) * (self._bins / (2 * _LARGEST_LOGIT))
        cells = place.long().clamp_(0, self._bins - 1)
        cells += torch.arange(self._columns, device=cells.device) * self._bins
        cells += scores.positive.long() * (self._columns * self._bins)
        if self._counts is None:
            self._counts = cells.new_zeros(2 * self._columns * self._bins)
        self._counts.scatter_add_(0, cells.flatten(), scores.counted.flatten().long())

    def areas(self) -> NDArray[np.float64]:
        assert self._counts is not None
        shape = 2, self._columns, self._bins
        negative, positive = self._counts.cpu().numpy().reshape(shape).astype(np.float64)
        below = negative.cumsum(axis=1) - negative / 2
        pairs = positive.sum(axis=1) * negative.sum(axis=1)
        with np.errstate(invalid="ignore"):
            return np.asarray((positive * below).sum(axis=1) / pairs)


def _area(score: NDArray[np.float32], positive: NDArray[np.bool_]) -> float:
    """From the ranks of the positive scores, those of tied ones averaged (Mann and Whitney)."""
    there, rest = int(positive.sum()), int((~positive).sum())
    if not there or not rest:
        return float("nan")
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (count.cumsum() - (count - 1) / 2)[place]
    return float((ranks[positive].sum() - there * (there + 1) / 2) / (there * rest))
