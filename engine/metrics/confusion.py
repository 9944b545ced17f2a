"""Which class was taken for which."""

from __future__ import annotations

from collections import Counter

import numpy as np
from torch import Tensor

from engine.metrics import torchmetrics_alone
from engine.metrics.counting import counting
from engine.metrics.per_class import Counts

MOST_IN_A_MATRIX = 1000
"""With more classes only those pairs are kept that occur."""


class Confusion:
    """Counts pairs of (true, predicted) class in memory that does not grow with the samples.

    Of very many classes the pairs are counted here: torchmetrics knows only the whole matrix,
    which is 800 MB of 10,000 classes, and again for every batch.
    """

    def __init__(self, classes: int) -> None:
        torchmetrics_alone.ready()
        from torchmetrics.classification import MulticlassConfusionMatrix

        self.classes = classes
        self._pairs: Counter[int] = Counter()
        self._matrix: MulticlassConfusionMatrix | None = None
        if classes <= MOST_IN_A_MATRIX:
            self._matrix = MulticlassConfusionMatrix(classes, validate_args=False)

    def add(self, predicted: Tensor, actual: Tensor) -> None:
        """Count pairs of classes (N,)."""
        predicted, actual = predicted.cpu(), actual.cpu()
        if self._matrix is not None:
            with counting():
                self._matrix.update(predicted, actual)
            return
        pairs = (actual * self.classes + predicted).numpy()
        found, counts = np.unique(pairs, return_counts=True)
        self._pairs.update(dict(zip(found.tolist(), counts.tolist(), strict=True)))

    def pairs(self) -> tuple[Counts, Counts, Counts]:
        """(true, predicted, how often) of every pair that occurred."""
        if self._matrix is not None:
            matrix = self._matrix.compute().view(self.classes, self.classes).numpy()
            actual, predicted = np.nonzero(matrix)
            return actual, predicted, matrix[actual, predicted]
        cells = np.fromiter(self._pairs.keys(), np.int64, len(self._pairs))
        counts = np.fromiter(self._pairs.values(), np.int64, len(self._pairs))
        return cells // self.classes, cells % self.classes, counts
