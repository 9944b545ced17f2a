"""Metrics of models for which any number of labels can be right."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from engine.losses import IGNORED, plain_loss
from engine.losses.fit import over_labels
from engine.metrics import torchmetrics_alone
from engine.metrics.known import Known
from engine.metrics.means import MeanLoss
from engine.metrics.per_class import PerClass
from engine.metrics.ranking import Ranking
from engine.metrics.reports import label_report
from engine.task_spec import TaskSpec


class _Seen:
    """What is counted of a model with so many labels."""

    def __init__(self, labels: int, device: torch.device) -> None:
        torchmetrics_alone.ready()
        from torchmetrics.classification import MultilabelExactMatch

        self.samples = 0
        self.per_label = PerClass(labels, device)
        self._ranking = Ranking(labels)
        self._whole = MultilabelExactMatch(labels, ignore_index=IGNORED, validate_args=False)
        self._whole.to(device)

    def add(self, logits: Tensor, there: Tensor) -> None:
        """Add samples of which some label is known: logits (N, C) and 1, 0 or `IGNORED`."""
        given = (logits > 0).long()
        self.samples += len(logits)
        self.per_label.add(given, there)
        self._whole.update(given, there)
        self._ranking.add(logits.sigmoid(), there)

    def metrics(self) -> dict[str, float | None]:
        scores = self.per_label.scores()
        return {
            "exact_match": float(self._whole.compute()),
            "label_accuracy": self.per_label.mean("accuracy"),
            "precision_macro": scores.macro(scores.precision),
            "recall_macro": scores.macro(scores.recall),
            "f1_macro": scores.macro(scores.f1),
            "f1_micro": self.per_label.mean("f1_micro"),
            "auroc": self._ranking.mean_area(),
        }


class LabelMetrics:
    """loss (nats a label) and how often labels are right; one is given from 50 % on.

    `exact_match` is the share of samples with every known label right, `label_accuracy` that of
    single labels. Macro means are over the labels that occur or were given.
    """

    def __init__(self, task: TaskSpec, known: Known) -> None:
        self._known = known
        self._loss = MeanLoss(plain_loss(task))
        self._seen: _Seen | None = None

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        outputs = outputs.detach()
        self._loss.update(outputs, targets)
        logits, wanted = over_labels(outputs, targets)
        there = torch.where(wanted == IGNORED, IGNORED, (wanted > 0.5).long())
        judged = (there != IGNORED).any(dim=1)
        logits, there = logits[judged], there[judged]
        if not len(there):
            return
        if self._seen is None:
            self._seen = _Seen(logits.shape[1], logits.device)
        self._seen.add(logits, there)

    def compute(self) -> dict[str, float]:
        loss = self._loss.compute()
        if loss is None or self._seen is None:
            return {}
        if math.isnan(loss):  # logits that are NaN give no labels
            return {"loss": loss}
        found = {"loss": loss, **self._seen.metrics()}
        return {name: value for name, value in found.items() if value is not None}

    def report(self) -> dict[str, Any] | None:
        if self._seen is None:
            return None
        counts, scores = self._seen.per_label.counts(), self._seen.per_label.scores()
        names = self._known.names(counts.shape[1])
        report = label_report(counts, scores, names, samples=self._seen.samples)
        return report.model_dump(mode="json")
