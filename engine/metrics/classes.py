"""Metrics of models that choose one class for each sample or token."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from engine.losses import IGNORED, plain_loss
from engine.losses.fit import over_classes
from engine.metrics.calibration import Calibration
from engine.metrics.choices import chosen, ranks
from engine.metrics.confusion import Confusion
from engine.metrics.known import Known
from engine.metrics.means import MeanLoss
from engine.metrics.ranking import Ranking
from engine.metrics.reports import class_report
from engine.task_spec import TaskSpec


class _Seen:
    """What is counted of a model with so many classes."""

    def __init__(self, classes: int) -> None:
        self.confusion = Confusion(classes)
        self.calibration = Calibration()
        self.ranking = Ranking(classes)
        self.top3: Tensor | int = 0
        self.samples = 0

    def add(self, logits: Tensor, classes: Tensor) -> None:
        """Add samples that count: logits (N, C) and classes (N,)."""
        predicted, probabilities = chosen(logits), logits.softmax(dim=-1)
        self.samples += len(classes)
        self.confusion.add(predicted, classes)
        confidence = probabilities.gather(1, predicted[:, None])[:, 0]
        self.calibration.add(confidence, predicted == classes)
        there = torch.zeros_like(probabilities, dtype=torch.bool).scatter_(
            1, classes[:, None], True
        )
        self.ranking.add(probabilities, there, torch.ones_like(there))
        self.top3 = self.top3 + (ranks(logits, classes) < 3).sum()

    def metrics(self) -> dict[str, float | None]:
        scores = self.confusion.scores()
        return {
            "accuracy": self.confusion.right() / self.samples,
            "top3_accuracy": int(self.top3) / self.samples if self.confusion.classes > 3 else None,
            "precision_macro": scores.macro(scores.precision),
            "recall_macro": scores.macro(scores.recall),
            "f1_macro": scores.macro(scores.f1),
            "f1_weighted": scores.weighted(scores.f1),
            "auroc": self.ranking.mean_area(),
            "calibration_error": self.calibration.error(),
        }


class ClassificationMetrics:
    """loss (nats a sample) and how often, how surely and for what the right class was chosen.

    Macro means are over the classes that occur or were predicted. The third best of three
    classes is always right, so `top3_accuracy` begins at four. `auroc` is the mean over the
    classes of one against the rest.
    """

    def __init__(self, task: TaskSpec, known: Known) -> None:
        self._known = known
        self._loss = MeanLoss(plain_loss(task))
        self._seen: _Seen | None = None

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        outputs = outputs.detach()
        self._loss.update(outputs, targets)
        logits, classes = over_classes(outputs, targets)
        if self._seen is None:
            self._seen = _Seen(logits.shape[1])
        counted = classes != IGNORED
        self._seen.add(logits[counted], classes[counted])

    def compute(self) -> dict[str, float]:
        loss = self._loss.compute()
        if loss is None or self._seen is None:
            return {}
        if math.isnan(loss):  # logits that are NaN choose nothing
            return {"loss": loss}
        found = {"loss": loss, **self._seen.metrics()}
        return {name: value for name, value in found.items() if value is not None}

    def report(self) -> dict[str, Any] | None:
        if self._seen is None or not self._seen.samples:
            return None
        confusion = self._seen.confusion
        names = self._known.names(confusion.classes)
        return class_report(confusion, self._seen.calibration, names).model_dump(mode="json")
