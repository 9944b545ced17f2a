"""Metrics: what the outputs are worth, over a held-out set and in a training batch."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from engine.losses import IGNORED, plain_loss_sum
from engine.task_spec import TaskKind, TaskSpec

if TYPE_CHECKING:
    from torchmetrics import MetricCollection


class ValidationMetrics(Protocol):
    """Adds up batches of a held-out set; one object a validation."""

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        """Add a batch of logits (..., C) and its targets (...)."""

    def compute(self) -> dict[str, float]:
        """The metrics over everything added; none at all when no target counted."""


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
    """The mean loss a target, added up on the outputs' device without waiting for it."""

    def __init__(self) -> None:
        self._sum: Tensor | float = 0.0
        self._count: Tensor | int = 0

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        # Sums of float32 over millions of targets would lose digits; MPS has no float64.
        total = plain_loss_sum(outputs.detach().float(), targets)
        self._sum = self._sum + (total if total.device.type == "mps" else total.double())
        self._count = self._count + (targets != IGNORED).sum()

    def compute(self) -> float | None:
        """The mean in nats; None when no target counted."""
        count = int(self._count)
        return float(self._sum) / count if count else None


class LanguageMetrics:
    """loss (nats a token), perplexity and bits_per_char (bits a token) of a language model."""

    def __init__(self) -> None:
        self._loss = MeanLoss()

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        self._loss.update(outputs, targets)

    def compute(self) -> dict[str, float]:
        loss = self._loss.compute()
        if loss is None:
            return {}
        return {"loss": loss, "perplexity": perplexity(loss), "bits_per_char": bits(loss)}


class ClassificationMetrics:
    """loss (nats a sample), accuracy, and f1_macro over the classes that occur."""

    def __init__(self) -> None:
        self._loss = MeanLoss()
        self._counted: MetricCollection | None = None

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        self._loss.update(outputs, targets)
        if self._counted is None:
            self._counted = _accuracy_and_f1(classes=outputs.shape[-1]).to(outputs.device)
        self._counted.update(outputs.detach().argmax(dim=-1), targets)

    def compute(self) -> dict[str, float]:
        loss = self._loss.compute()
        if loss is None or self._counted is None:
            return {}
        counted = self._counted.compute()
        return {"loss": loss, **{name: float(value) for name, value in counted.items()}}


VALIDATION_METRICS: dict[TaskKind, Callable[[], ValidationMetrics]] = {
    "causal-lm": LanguageMetrics,
    "image-classification": ClassificationMetrics,
}


def validation_metrics(task: TaskSpec) -> ValidationMetrics:
    """A fresh accumulator whose names are those of `engine.task_spec.METRICS`."""
    return VALIDATION_METRICS[task.kind]()


def step_metrics(outputs: Tensor, targets: Tensor, task: TaskSpec) -> dict[str, Tensor]:
    """Scalars of a training batch beside its loss, left on their device without waiting."""
    if task.kind == "causal-lm":
        return {}
    with torch.no_grad():
        right = (outputs.argmax(dim=-1) == targets).sum()
        return {"accuracy": right / (targets != IGNORED).sum()}


def _accuracy_and_f1(*, classes: int) -> MetricCollection:
    # Imported here: torchmetrics takes over a second, which no start should wait for.
    from torchmetrics import MetricCollection
    from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score

    return MetricCollection(
        {
            "accuracy": MulticlassAccuracy(classes, average="micro", ignore_index=IGNORED),
            "f1_macro": MulticlassF1Score(classes, average="macro", ignore_index=IGNORED),
        }
    )
