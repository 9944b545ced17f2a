"""The loss of mixed images: that of both classes, by their shares."""

from __future__ import annotations

from torch import Tensor

from engine.data.batching import Batch
from engine.data.mixing import OTHERS, SHARES
from engine.losses.kinds import Amount, ClassLoss, Loss


def batch_sum(loss: Loss, outputs: Tensor, batch: Batch, target: str) -> Tensor:
    """The training loss summed over a batch.

    Raises:
        LogitsDoNotFit, TargetsDoNotFit: as `Loss.sum`.
    """
    if OTHERS not in batch:
        return loss.sum(outputs, batch[target])
    assert isinstance(loss, ClassLoss), "only images of classes are mixed"
    return loss.mixed_sum(outputs, batch[target], batch[OTHERS], batch[SHARES])


def batch_amount(loss: Loss, batch: Batch, target: str) -> Amount:
    """How much a batch counts: a mixed image as its classes do, by their shares."""
    if OTHERS not in batch:
        return loss.amount(batch[target])
    assert isinstance(loss, ClassLoss), "only images of classes are mixed"
    return loss.mixed_amount(batch[target], batch[OTHERS], batch[SHARES])
