"""Smoothing that does not lie at the start: TensorBoard's debiased exponential moving average."""

from __future__ import annotations

import math
from itertools import accumulate, islice

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

_MANY = 50_000
"""Points from which scipy's filter is worth its import."""


class Smoother:
    """A debiased exponential moving average that goes on where it stopped.

    s_k = w s_(k-1) + (1 - w) x_k with s_0 = 0, shown as s_k / (1 - w^k): without the division the
    curve would start near 0. The formula is TensorBoard's (tf-line-chart, `resmoothDataset`).
    Points that are not finite stay what they are and do not count.
    """

    def __init__(self, weight: float) -> None:
        if not 0 <= weight < 1:
            raise ValueError(f"smoothing is {weight}; use a number from 0 up to, not with, 1.")
        self._weight = weight
        self._seen = 0
        self._average = 0.0

    def extend(self, values: Values) -> Values:
        """The smoothed values of the next points of the series."""
        finite = np.isfinite(values)
        if self._weight == 0 or not finite.any():
            return values.copy()
        if finite.all():
            return self._debiased(values)
        smoothed = values.copy()
        smoothed[finite] = self._debiased(values[finite])
        return smoothed

    def _debiased(self, values: Values) -> Values:
        weight = self._weight
        average = _averages(values, weight, self._average)
        self._average = float(average[-1])
        young = max(0, min(len(values), self._full_age() - self._seen))
        counts = np.arange(self._seen + 1, self._seen + young + 1)
        average[:young] /= 1 - weight**counts
        self._seen += len(values)
        return average

    def _full_age(self) -> int:
        """Points after which 1 - w^k is 1 in double precision."""
        return math.ceil(math.log(2.0**-54) / math.log(self._weight)) + 1


def _averages(values: Values, weight: float, before: float) -> Values:
    """w s + (1 - w) x from point to point; the same bits both ways."""
    if len(values) < _MANY:
        fresh = ((1 - weight) * values).tolist()
        running = accumulate(fresh, lambda average, x: x + weight * average, initial=before)
        return np.fromiter(islice(running, 1, None), np.float64, len(fresh))
    from scipy.signal import lfilter  # late: importing it takes a second

    average, _ = lfilter([1 - weight], [1, -weight], values, zi=[weight * before])
    return np.asarray(average, np.float64)


def smoothed(values: Values, weight: float) -> Values:
    """A whole series smoothed; weight 0 changes nothing, 0.99 follows slowly."""
    return Smoother(weight).extend(values)
