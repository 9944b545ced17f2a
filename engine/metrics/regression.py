"""Metrics of models that predict one number a sample."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from engine.losses import plain_loss
from engine.losses.fit import over_samples
from engine.metrics import torchmetrics_alone
from engine.metrics.known import Known
from engine.metrics.means import MeanLoss
from engine.metrics.reports import number_report
from engine.task_spec import TaskSpec


class RegressionMetrics:
    """loss (squared error of the standardised target), mae and rmse in its own unit, r2.

    Where it is not known how the targets were standardised, mae and rmse are in the targets' unit.
    """

    def __init__(self, task: TaskSpec, known: Known) -> None:
        self._known = known
        self._loss = MeanLoss(plain_loss(task))
        self._predicted: list[Tensor] = []
        self._wanted: list[Tensor] = []

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        outputs = outputs.detach()
        self._loss.update(outputs, targets)
        predicted, wanted = over_samples(outputs, targets)
        self._predicted.append(predicted)
        self._wanted.append(wanted)

    def compute(self) -> dict[str, float]:
        torchmetrics_alone.ready()
        from torchmetrics.functional.regression import (
            mean_absolute_error,
            mean_squared_error,
            r2_score,
        )

        loss = self._loss.compute()
        if loss is None:
            return {}
        predicted, wanted = self._values()
        found = {
            "loss": loss,
            "mae": float(mean_absolute_error(predicted, wanted)),
            "rmse": float(mean_squared_error(predicted, wanted, squared=False)),
        }
        if len(wanted) > 1 and bool((wanted != wanted[0]).any()):  # else nothing to be explained
            found["r2"] = float(r2_score(predicted, wanted))
        return found

    def report(self) -> dict[str, Any] | None:
        if not sum(map(len, self._wanted)):
            return None
        predicted, wanted = self._values()
        in_own_unit = self._known.target_std is not None
        report = number_report(predicted.numpy(), wanted.numpy(), in_own_unit=in_own_unit)
        return report.model_dump(mode="json")

    def _values(self) -> tuple[Tensor, Tensor]:
        """All predictions and targets in the original unit."""
        scale, shift = self._known.target_std or 1.0, self._known.target_mean or 0.0
        predicted, wanted = (
            torch.cat(parts).cpu().double() * scale + shift
            for parts in (self._predicted, self._wanted)
        )
        return predicted, wanted
