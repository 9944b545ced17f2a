"""The losses: over classes, over labels, and of one number a sample."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from engine.config.losses import CrossEntropyConfig, FocalConfig, HuberConfig, MSEConfig
from engine.losses.balance import ByClass
from engine.losses.fit import IGNORED, TargetsDoNotFit, over_classes, over_labels, over_samples

_STEEP = 1e-12
"""Below this the focal factor is held constant: x**gamma can be infinitely steep at 0."""


class Amount(NamedTuple):
    """What a batch contributes to the mean over an update."""

    targets: int
    """Targets that count: tokens, samples, or the labels of all samples."""
    weight: float
    """What the summed loss is divided by; the count unless classes have weights."""


class Loss(Protocol):
    """What training minimises and models are judged by; made once a run.

    The training loss of an update is the sum over its batches divided by the sum of their
    weights: the mean over the whole update as PyTorch's own losses define it, however unequal
    the batches are.
    """

    def sum(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The training loss summed over all targets that count.

        Raises:
            LogitsDoNotFit: when the shapes do not belong together.
            TargetsDoNotFit: when the targets are of another kind than the task's.
        """

    def plain_sum(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """By which models are judged, however they were trained: without weights or smoothing."""

    def amount(self, targets: Tensor) -> Amount:
        """How much the batch counts. On a GPU this waits: call it on the CPU's batch."""

    def counted(self, targets: Tensor) -> Tensor | int:
        """How many targets count, left on their device without waiting."""


class ClassLoss:
    """Cross entropy or focal loss: logits (..., C) and classes (...).

    With class weights the mean is PyTorch's: each target's loss times the weight of its class,
    divided by the sum of these weights.
    """

    def __init__(
        self,
        config: CrossEntropyConfig | FocalConfig,
        class_weights: NDArray[np.float64] | None = None,
    ) -> None:
        self._config = config
        self._weights = None if class_weights is None else ByClass(class_weights)

    def sum(self, outputs: Tensor, targets: Tensor) -> Tensor:
        logits, classes = over_classes(outputs, targets)
        weights = None if self._weights is None else self._weights.like(logits)
        if isinstance(self._config, FocalConfig):
            return _focal(logits, classes, self._config.gamma, weights).sum()
        return _cross_entropy(
            logits, classes, weight=weights, label_smoothing=self._config.label_smoothing
        )

    def mixed_sum(self, outputs: Tensor, targets: Tensor, others: Tensor, shares: Tensor) -> Tensor:
        """The same where each target (N,) counts only its share, and another class the rest."""
        own, rest = (self._each(outputs, classes) for classes in (targets, others))
        return (shares * own + (1 - shares) * rest).sum()

    def _each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The loss of each sample."""
        logits, classes = over_classes(outputs, targets)
        weights = None if self._weights is None else self._weights.like(logits)
        if isinstance(self._config, FocalConfig):
            return _focal(logits, classes, self._config.gamma, weights)
        smoothing = self._config.label_smoothing
        return _cross_entropy(
            logits, classes, weight=weights, label_smoothing=smoothing, reduction="none"
        )

    def plain_sum(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return _cross_entropy(*over_classes(outputs, targets))

    def amount(self, targets: Tensor) -> Amount:
        if self._weights is None:
            count = _count(targets)
            return Amount(count, count)
        classes = targets.cpu().numpy()
        kept = classes[classes != IGNORED]
        return Amount(len(kept), self._weights.total(kept))

    def mixed_amount(self, targets: Tensor, others: Tensor, shares: Tensor) -> Amount:
        """The same of targets that count their share, and other classes that count the rest."""
        if self._weights is None:
            return Amount(len(targets), len(targets))
        own, rest = (self._weights.each(classes.cpu().numpy()) for classes in (targets, others))
        kept = shares.cpu().numpy().astype(np.float64)
        return Amount(len(targets), float(kept @ own + (1 - kept) @ rest))

    def counted(self, targets: Tensor) -> Tensor | int:
        return (targets != IGNORED).sum()


class LabelLoss:
    """Binary cross entropy: logits and targets (N, C), 1 for each label that is present.

    Its weight multiplies the loss of a label where it is present; as in PyTorch, the mean is
    over all cells and not over weights.
    """

    def __init__(self, positive_weights: NDArray[np.float64] | None = None) -> None:
        self._weights = None if positive_weights is None else ByClass(positive_weights)

    def sum(self, outputs: Tensor, targets: Tensor) -> Tensor:
        logits, present = over_labels(outputs, targets)
        weights = None if self._weights is None else self._weights.like(logits)
        return _binary_sum(logits, present, weights)

    def plain_sum(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return _binary_sum(*over_labels(outputs, targets), None)

    def amount(self, targets: Tensor) -> Amount:
        count = _count(targets)
        return Amount(count, count)

    def counted(self, targets: Tensor) -> Tensor | int:
        return (targets != IGNORED).sum()


class ErrorLoss:
    """Squared or Huber error of one number a sample; every target counts.

    Models are judged by the squared error, whichever they were trained with.
    """

    def __init__(self, config: MSEConfig | HuberConfig) -> None:
        self._delta = config.delta if isinstance(config, HuberConfig) else None

    def sum(self, outputs: Tensor, targets: Tensor) -> Tensor:
        if self._delta is None:
            return self.plain_sum(outputs, targets)
        predicted, wanted = over_samples(outputs, targets)
        return F.huber_loss(predicted, wanted, reduction="sum", delta=self._delta)

    def plain_sum(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return F.mse_loss(*over_samples(outputs, targets), reduction="sum")

    def amount(self, targets: Tensor) -> Amount:
        return Amount(targets.numel(), targets.numel())

    def counted(self, targets: Tensor) -> Tensor | int:
        return targets.numel()


def _count(targets: Tensor) -> int:
    if targets.device.type == "cpu":  # a third of torch's time, which small models would notice
        return int(np.count_nonzero(targets.numpy() != IGNORED))
    return int((targets != IGNORED).sum())


def _cross_entropy(
    logits: Tensor,
    classes: Tensor,
    *,
    weight: Tensor | None = None,
    label_smoothing: float = 0.0,
    reduction: str = "sum",
) -> Tensor:
    try:
        return F.cross_entropy(
            logits,
            classes,
            weight,
            ignore_index=IGNORED,
            reduction=reduction,
            label_smoothing=label_smoothing,
        )
    except IndexError:  # PyTorch's words on the CPU; on a GPU the process cannot go on
        kept = classes[classes != IGNORED]
        wrong = int(kept.max()) if int(kept.max()) >= logits.shape[1] else int(kept.min())
        wanted = f"classes from 0 to {logits.shape[1] - 1}: the model has no other"
        raise TargetsDoNotFit(f"name class {wrong}", wanted) from None


def _focal(logits: Tensor, classes: Tensor, gamma: float, weights: Tensor | None) -> Tensor:
    """-w (1 - p)^gamma log p of each target, with p the probability of the right class.

    Lin et al., "Focal Loss for Dense Object Detection" (ICCV 2017), equation 5.
    """
    nats = _cross_entropy(logits, classes, reduction="none")
    factor = -torch.expm1(-nats)  # 1 - p without cancellation where p is close to 1
    losses = factor.clamp(min=_STEEP).pow(gamma) * nats
    if weights is not None:
        losses = losses * weights[classes.clamp(min=0)]  # an ignored target's loss is 0
    return losses


def _binary_sum(logits: Tensor, present: Tensor, positive_weights: Tensor | None) -> Tensor:
    counts = present != IGNORED
    return F.binary_cross_entropy_with_logits(
        logits,
        present.where(counts, 0.0),
        weight=counts.to(logits.dtype),
        pos_weight=positive_weights,
        reduction="sum",
    )
