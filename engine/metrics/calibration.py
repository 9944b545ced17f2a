"""Whether a model is right as often as it says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

BINS = 15

Values = NDArray[np.float64]


class Calibration:
    """The expected calibration error over bins of equal width.

    Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017), equation 3: the mean over
    all samples of how far accuracy and mean confidence of their bin lie apart.
    """

    def __init__(self) -> None:
        self.count = np.zeros(BINS, np.int64)
        self._confidence = np.zeros(BINS)
        self._right = np.zeros(BINS)

    def add(self, confidence: Tensor, right: Tensor) -> None:
        """Add samples (N,): the probability of the class they were given, and whether rightly."""
        sure = confidence.cpu().double()
        places = (sure * BINS).long().clamp(0, BINS - 1).numpy()
        self.count += np.bincount(places, minlength=BINS)
        self._confidence += np.bincount(places, sure.numpy(), BINS)
        self._right += np.bincount(places, right.cpu().numpy(), BINS)

    def error(self) -> float | None:
        """From 0, as good as it says, to 1; None without samples."""
        samples = self.count.sum()
        return float(np.abs(self._confidence - self._right).sum() / samples) if samples else None

    def bins(self) -> tuple[Values, Values]:
        """(mean confidence, accuracy) of each bin; NaN where it is empty."""
        with np.errstate(invalid="ignore"):
            return self._confidence / self.count, self._right / self.count
