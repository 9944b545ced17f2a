"""How well each class or label is told from the rest."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.losses import IGNORED
from engine.metrics import torchmetrics_alone

Counts = NDArray[np.int64]
Shares = NDArray[np.float64]


class Scores(NamedTuple):
    """Of each class or label; NaN where it cannot be known."""

    precision: Shares
    """Of those said to be it, the share that is it."""
    recall: Shares
    """Of those that are it, the share said to be it."""
    f1: Shares
    """Harmonic mean of both."""
    support: Counts
    """How many are it."""

    def macro(self, values: Shares) -> float | None:
        """The mean over the classes that occur or were predicted; 0 counts for what is NaN."""
        occurs = ~np.isnan(self.f1)
        return float(np.nan_to_num(values[occurs]).mean()) if occurs.any() else None


class PerClass:
    """Counts what became of each class or label, on the device of what is added.

    A class counts as a label that each sample has one of: so torchmetrics needs memory for the
    classes, where its multiclass metrics make a matrix of their square for every batch.
    """

    def __init__(self, columns: int, device: torch.device) -> None:
        torchmetrics_alone.ready()
        from torchmetrics import MetricCollection
        from torchmetrics.classification import (
            MultilabelAccuracy,
            MultilabelF1Score,
            MultilabelPrecision,
            MultilabelRecall,
            MultilabelStatScores,
        )

        of: dict[str, Any] = {
            "num_labels": columns,
            "ignore_index": IGNORED,
            "validate_args": False,
        }
        metrics = {
            "counts": MultilabelStatScores(average=None, **of),
            "precision": MultilabelPrecision(average=None, **of),
            "recall": MultilabelRecall(average=None, **of),
            "f1": MultilabelF1Score(average=None, **of),
            "f1_weighted": MultilabelF1Score(average="weighted", **of),
            "f1_micro": MultilabelF1Score(average="micro", **of),
            "accuracy": MultilabelAccuracy(average="micro", **of),
        }
        # All are made of the same four counts, so one of them counts for all.
        self._metrics = MetricCollection(dict(metrics), compute_groups=[list(metrics)]).to(device)

    def add(self, given: Tensor, there: Tensor) -> None:
        """Add samples (N, C): 1 where a label was given, 1 where it is there, or `IGNORED`."""
        self._metrics.update(given, there)

    def mean(self, name: str) -> float | None:
        """f1_weighted, f1_micro or accuracy; None of F1 where no class occurs."""
        if name != "accuracy" and not self.counts()[:3].any():
            return None
        return float(self._metrics.compute()[name])

    def counts(self) -> Counts:
        """(4, C): true and false positives, then true and false negatives."""
        hits, false, rejected, missed, _ = self._all()
        return np.stack([hits, false, missed, rejected])

    def scores(self) -> Scores:
        hits, false, missed, _ = self.counts()
        found = self._metrics.compute()
        precision, recall, f1 = (
            np.where(of > 0, found[name].cpu().double().numpy().reshape(-1), np.nan)
            for name, of in (
                ("precision", hits + false),
                ("recall", hits + missed),
                ("f1", hits + false + missed),
            )
        )
        return Scores(precision, recall, f1, hits + missed)

    def _all(self) -> Counts:
        table = self._metrics.compute()["counts"].cpu().numpy()
        return np.asarray(table.reshape(-1, 5).T)
