"""Metrics of models that choose one class for each sample or token."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.losses import IGNORED, plain_loss
from engine.losses.fit import over_classes
from engine.metrics.calibration import Calibration
from engine.metrics.confusion import Confusion
from engine.metrics.hits import Hits
from engine.metrics.known import Known
from engine.metrics.means import MeanLoss
from engine.metrics.per_class import PerClass
from engine.metrics.ranking import Ranking
from engine.metrics.reports import class_report
from engine.task_spec import TaskSpec


class _Seen:
    """What is counted of a model with so many classes."""

    def __init__(self, classes: int, device: torch.device) -> None:
        self.classes = classes
        self.confusion = Confusion(classes)
        self.calibration = Calibration()
        self.per_class = PerClass(classes, device)
        self._ranking = Ranking(classes)
        self._hits = Hits(classes, device)

    def add(self, logits: Tensor, classes: Tensor) -> None:
        """Add samples that count: logits (N, C) and classes (N,)."""
        predicted, probabilities = self._hits.add(logits, classes), logits.softmax(dim=-1)
        there = F.one_hot(classes, self.classes)
        confidence = probabilities.gather(1, predicted[:, None])[:, 0]
        self.per_class.add(F.one_hot(predicted, self.classes), there)
        self.confusion.add(predicted, classes)
        self.calibration.add(confidence, predicted == classes)
        self._ranking.add(probabilities, there)

    def metrics(self) -> dict[str, float | None]:
        scores = self.per_class.scores()
        return {
            **self._hits.metrics(),
            "precision_macro": scores.macro(scores.precision),
            "recall_macro": scores.macro(scores.recall),
            "f1_macro": scores.macro(scores.f1),
            "f1_weighted": self.per_class.mean("f1_weighted"),
            "auroc": self._ranking.mean_area(),
            "calibration_error": self.calibration.error(),
        }


class ClassificationMetrics:
    """loss (nats a sample) and how often, how surely and for what the right class was chosen.

    Macro means are over the classes that occur or were predicted. `auroc` is the mean over the
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
        counted = classes != IGNORED
        logits, classes = logits[counted], classes[counted]
        if not len(classes):
            return
        if self._seen is None:
            self._seen = _Seen(logits.shape[1], logits.device)
        self._seen.add(logits, classes)

    def compute(self) -> dict[str, float]:
        loss = self._loss.compute()
        if loss is None or self._seen is None:
            return {}
        if math.isnan(loss):  # logits that are NaN choose nothing
            return {"loss": loss}
        found = {"loss": loss, **self._seen.metrics()}
        return {name: value for name, value in found.items() if value is not None}

    def report(self) -> dict[str, Any] | None:
        if self._seen is None:
            return None
        seen, names = self._seen, self._known.names(self._seen.classes)
        scores = seen.per_class.scores()
        report = class_report(seen.confusion, scores, seen.calibration, names)
        return report.model_dump(mode="json")
