"""Metrics of models for which any number of labels can be right."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.losses import IGNORED, plain_loss
from engine.losses.fit import over_labels
from engine.metrics.confusion import Scores, scores
from engine.metrics.known import Known
from engine.metrics.means import MeanLoss
from engine.metrics.ranking import Ranking
from engine.metrics.reports import label_report
from engine.task_spec import TaskSpec


class LabelMetrics:
    """loss (nats a label) and how often labels are right; one is given from 50 % on.

    `exact_match` is the share of samples with every known label right, `label_accuracy` that of
    single labels. Macro means are over the labels that occur or were given.
    """

    def __init__(self, task: TaskSpec, known: Known) -> None:
        self._known = known
        self._loss = MeanLoss(plain_loss(task))
        self._ranking: Ranking | None = None
        self._table: Tensor | int = 0  # (4, C): true and false positives, false and true negatives
        self._whole: Tensor | int = 0
        self._samples: Tensor | int = 0

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        outputs = outputs.detach()
        self._loss.update(outputs, targets)
        logits, wanted = over_labels(outputs, targets)
        given, there, counted = logits > 0, wanted > 0.5, wanted != IGNORED
        kinds = (given & there, given & ~there, ~given & there, ~given & ~there)
        self._table = self._table + torch.stack([(kind & counted).sum(0) for kind in kinds])
        judged = counted.any(dim=1)
        self._whole = self._whole + (((given == there) | ~counted).all(dim=1) & judged).sum()
        self._samples = self._samples + judged.sum()
        if self._ranking is None:
            self._ranking = Ranking(logits.shape[1])
        self._ranking.add(logits.sigmoid(), there, counted)

    def compute(self) -> dict[str, float]:
        loss = self._loss.compute()
        if loss is None or self._ranking is None:
            return {}
        if math.isnan(loss):  # logits that are NaN give no labels
            return {"loss": loss}
        scored, (hits, false, missed, rejected) = self._scores(), self._counts()
        micro = 2 * hits.sum() + false.sum() + missed.sum()
        found = {
            "loss": loss,
            "exact_match": int(self._whole) / int(self._samples),
            "label_accuracy": float((hits + rejected).sum() / self._counts().sum()),
            "precision_macro": scored.macro(scored.precision),
            "recall_macro": scored.macro(scored.recall),
            "f1_macro": scored.macro(scored.f1),
            "f1_micro": float(2 * hits.sum() / micro) if micro else None,
            "auroc": self._ranking.mean_area(),
        }
        return {name: value for name, value in found.items() if value is not None}

    def report(self) -> dict[str, Any] | None:
        samples = int(self._samples)
        if not samples:
            return None
        counts = self._counts()
        names = self._known.names(counts.shape[1])
        report = label_report(counts, self._scores(), names, samples=samples)
        return report.model_dump(mode="json")

    def _counts(self) -> np.ndarray:
        assert isinstance(self._table, Tensor)
        return self._table.cpu().numpy()

    def _scores(self) -> Scores:
        hits, false, missed, _ = self._counts()
        return scores(hits, hits + false, hits + missed)
