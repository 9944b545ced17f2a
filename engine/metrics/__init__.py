"""Metrics: what the outputs are worth, over a held-out set and in a training batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.losses import IGNORED
from engine.losses.fit import over_labels, over_samples
from engine.metrics.choices import accuracy
from engine.metrics.classes import ClassificationMetrics
from engine.metrics.known import NOTHING, Known, known_of
from engine.metrics.labels import LabelMetrics
from engine.metrics.language import TokenMetrics
from engine.metrics.means import bits, perplexity
from engine.metrics.regression import RegressionMetrics
from engine.task_spec import TaskKind, TaskSpec

__all__ = [
    "NOTHING",
    "Known",
    "ValidationMetrics",
    "bits",
    "known_of",
    "perplexity",
    "step_metrics",
    "validation_metrics",
]


class ValidationMetrics(Protocol):
    """Adds up batches of a held-out set; one object a validation."""

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        """Add a batch of outputs and its targets."""

    def compute(self) -> dict[str, float]:
        """The metrics over everything added; what is not known is left out, all without targets."""

    def report(self) -> dict[str, Any] | None:
        """What was right and wrong in detail, as JSON; None where there is no more to show."""


VALIDATION_METRICS: dict[TaskKind, Callable[[TaskSpec, Known], ValidationMetrics]] = {
    "causal-lm": TokenMetrics,
    "masked-lm": TokenMetrics,
    "sequence-classification": ClassificationMetrics,
    "multi-label-classification": LabelMetrics,
    "token-classification": ClassificationMetrics,
    "seq2seq": TokenMetrics,
    "image-classification": ClassificationMetrics,
    "tabular-classification": ClassificationMetrics,
    "tabular-regression": RegressionMetrics,
}


def validation_metrics(task: TaskSpec, known: Known = NOTHING) -> ValidationMetrics:
    """A fresh accumulator whose names are those of `engine.task_spec.METRICS`."""
    return VALIDATION_METRICS[task.kind](task, known)


def step_metrics(
    outputs: Tensor, targets: Tensor, task: TaskSpec, known: Known = NOTHING
) -> dict[str, Tensor]:
    """Scalars of a training batch beside its loss, left on their device without waiting.

    Each is a mean over the targets that count. Tasks over a vocabulary have none: to find the
    largest of all logits takes longer than is worth it in every step.
    """
    measure = STEP_METRICS.get(task.kind)
    if measure is None:
        return {}
    with torch.no_grad():
        return measure(outputs.detach(), targets, known)


def _accuracy(outputs: Tensor, targets: Tensor, known: Known) -> dict[str, Tensor]:
    return {"accuracy": accuracy(outputs, targets)}


def _label_accuracy(outputs: Tensor, targets: Tensor, known: Known) -> dict[str, Tensor]:
    logits, wanted = over_labels(outputs, targets)
    hits = ((logits > 0) == (wanted > 0.5)) & (wanted != IGNORED)
    return {"label_accuracy": hits.sum() / (targets != IGNORED).sum().clamp(min=1)}


def _absolute_error(outputs: Tensor, targets: Tensor, known: Known) -> dict[str, Tensor]:
    predicted, wanted = over_samples(outputs, targets)
    return {"mae": F.l1_loss(predicted, wanted) * (known.target_std or 1.0)}


STEP_METRICS: dict[TaskKind, Callable[[Tensor, Tensor, Known], dict[str, Tensor]]] = {
    "sequence-classification": _accuracy,
    "multi-label-classification": _label_accuracy,
    "token-classification": _accuracy,
    "image-classification": _accuracy,
    "tabular-classification": _accuracy,
    "tabular-regression": _absolute_error,
}
