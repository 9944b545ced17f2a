"""Whether a model is right as often as it says."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.metrics import torchmetrics_alone

BINS = 15

Values = NDArray[np.float64]


class Calibration:
    """The expected calibration error over bins of equal width; keeps two numbers a sample.

    Guo et al., "On Calibration of Modern Neural Networks" (ICML 2017), equation 3: the mean over
    all samples of how far accuracy and mean confidence of their bin lie apart.
    """

    def __init__(self) -> None:
        torchmetrics_alone.ready()
        from torchmetrics.classification import BinaryCalibrationError

        self._error = BinaryCalibrationError(n_bins=BINS, norm="l1", validate_args=False)

    def add(self, confidence: Tensor, right: Tensor) -> None:
        """Add samples (N,): the probability of the class they were given, and whether rightly."""
        # torchmetrics sums in the type that it is given: float32 would stop at 16 million samples
        self._error.update(confidence.cpu().double(), right.cpu())

    def error(self) -> float:
        """From 0, as good as it says, to 1."""
        return float(self._error.compute())

    def bins(self) -> tuple[Values, Values, NDArray[np.int64]]:
        """(mean confidence, accuracy, samples) of each bin, NaN where it is empty.

        Counted here, from what torchmetrics keeps: it tells only the error.
        """
        sure = torch.cat(self._error.confidences).numpy()
        right = torch.cat(self._error.accuracies).numpy()
        places = np.minimum(np.nan_to_num(sure) * BINS, BINS - 1).astype(np.int64)
        count = np.bincount(places, minlength=BINS)
        with np.errstate(invalid="ignore"):
            return (
                np.bincount(places, sure, BINS) / count,
                np.bincount(places, right, BINS) / count,
                count,
            )
