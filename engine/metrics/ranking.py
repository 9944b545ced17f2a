"""The area under the receiver operating characteristic, in memory that does not grow forever."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from engine.losses import IGNORED
from engine.metrics import torchmetrics_alone

MOST_EXACT = 10_000_000
"""Scores that are kept, in 50 MB, and given to torchmetrics; more of them are counted in bins."""
_LARGEST_LOGIT = 16.2
"""Of a probability 1e-7 away from 0 or 1, the last that float32 tells from them."""
_CELLS = 2_000_000


class Ranking:
    """One against the rest for each of C columns: exact, or from histograms of many scores."""

    def __init__(self, columns: int, *, most_exact: int = MOST_EXACT) -> None:
        self._columns, self._most_exact = columns, most_exact
        self._kept: list[tuple[Tensor, Tensor]] = []
        self._scores = 0
        self._positive = self._negative = torch.zeros(columns, dtype=torch.long)
        self._bins: _Bins | None = None

    def add(self, probabilities: Tensor, there: Tensor) -> None:
        """Add probabilities (N, C), and 1 for what is there, 0 for the rest, or `IGNORED`."""
        probabilities, there = probabilities.float().cpu(), there.to(torch.int8).cpu()
        self._positive = self._positive + (there == 1).sum(dim=0)
        self._negative = self._negative + (there == 0).sum(dim=0)
        self._kept.append((probabilities, there))
        self._scores += probabilities.numel()
        if self._scores > self._most_exact:
            self._bins = self._bins or _Bins(self._columns)
            for scores in self._kept:
                self._bins.add(*scores)
            self._kept = []

    def mean_area(self) -> float | None:
        """The mean over the columns in which something is there and something is not.

        Of each it is the share of (positive, negative) pairs in the right order, half of a tie.
        """
        known = ((self._positive > 0) & (self._negative > 0)).nonzero()[:, 0]
        if not len(known):
            return None
        areas = self._areas(known) if self._bins is None else self._bins.areas()[known]
        return float(areas.mean())

    def _areas(self, columns: Tensor) -> Tensor:
        torchmetrics_alone.ready()
        from torchmetrics.functional.classification import binary_auroc

        probabilities, there = (torch.cat(parts) for parts in zip(*self._kept, strict=True))
        areas = [
            binary_auroc(
                probabilities[:, column].contiguous(),
                there[:, column].long(),
                ignore_index=IGNORED,
                validate_args=False,
            )
            for column in columns.tolist()
        ]
        return torch.stack(areas).double()


class _Bins:
    """Histograms of scores, evenly spaced in the log-odds of the probability.

    So scores close to 0 (all of them, with many classes) are told apart. Samples in one bin count
    as tied. With up to 1,000 classes a bin is 0.016 wide. They are filled here: torchmetrics
    compares each score with each threshold, which of 50,000 samples of 1,000 classes takes it
    40 seconds with 200 thresholds, a tenth of these bins; this takes one.
    """

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._bins = int(np.clip(_CELLS // columns, 200, 2000))
        self._counts = torch.zeros(2 * columns * self._bins, dtype=torch.long)  # negative, positive

    def add(self, probabilities: Tensor, there: Tensor) -> None:
        log_odds = torch.logit(probabilities, eps=1e-7)
        place = (log_odds + _LARGEST_LOGIT) * (self._bins / (2 * _LARGEST_LOGIT))
        cells = place.long().clamp_(0, self._bins - 1)
        cells += torch.arange(self._columns) * self._bins
        cells += (there == 1).long() * (self._columns * self._bins)
        self._counts.scatter_add_(0, cells.flatten(), (there != IGNORED).flatten().long())

    def areas(self) -> Tensor:
        """Of each column; NaN where there is no pair."""
        negative, positive = self._counts.view(2, self._columns, self._bins).double()
        below = negative.cumsum(dim=1) - negative / 2
        areas: Tensor = (positive * below).sum(dim=1) / (positive.sum(dim=1) * negative.sum(dim=1))
        return areas
