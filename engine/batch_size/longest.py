"""LongestFirst: the samples that need the most memory, before the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.data.batching import Batch, BatchSource, Indices


class LongestFirst:
    """The samples of a source in another order: no batch needs more memory than the first."""

    def __init__(self, source: BatchSource, lengths: NDArray[np.int64]) -> None:
        self._source = source
        self._order = np.argsort(-lengths, kind="stable")

    def __len__(self) -> int:
        return len(self._source)

    def batch(self, epoch: int, indices: Indices) -> Batch:
        return self._source.batch(epoch, self._order[indices])
