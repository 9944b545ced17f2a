"""The mean loss and what follows from it."""

from __future__ import annotations

import math

from torch import Tensor

from engine.losses import Loss


def perplexity(loss: float) -> float:
    """``exp(loss)``; infinite rather than an overflow error above 709."""
    try:
        return math.exp(loss)
    except OverflowError:
        return math.inf


def bits(nats: float) -> float:
    """Information of so many nats in bits."""
    return nats / math.log(2)


class MeanLoss:
    """The plain mean loss a target, added up on the outputs' device without waiting for it."""

    def __init__(self, loss: Loss) -> None:
        self._loss = loss
        self._sum: Tensor | float = 0.0
        self._count: Tensor | int = 0

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        # Sums of float32 over millions of targets would lose digits; MPS has no float64.
        total = self._loss.plain_sum(outputs, targets)
        self._sum = self._sum + (total if total.device.type == "mps" else total.double())
        self._count = self._count + self._loss.counted(targets)

    def total(self) -> float:
        """The loss summed over all targets that count."""
        return float(self._sum)

    def compute(self) -> float | None:
        """The mean; None when no target counted."""
        count = int(self._count)
        return self.total() / count if count else None
