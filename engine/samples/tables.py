"""Rows of a table that a model gets most wrong."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from engine.data.batching import BatchSource
from engine.data.specs import DataFacts
from engine.losses import IGNORED
from engine.losses.fit import over_samples
from engine.metrics.known import Known
from engine.runs.samples import ClassifiedRow, EstimatedRow
from engine.samples.looking import MOST, looks, share
from engine.task_spec import TaskSpec


class TableSampler:
    """Shows the worst of the first rows of a held-out table."""

    def __init__(self, source: BatchSource, task: TaskSpec, facts: DataFacts) -> None:
        self._source, self._task, self._facts = source, task, facts

    def least_expected(self, model: nn.Module, count: int) -> list[ClassifiedRow]:
        """The `count` wrong rows to whose class the model gives the least probability."""
        index, inputs, targets, outputs = self._seen(model)
        shares = outputs.softmax(dim=-1)
        predicted = outputs.argmax(dim=-1)
        given = shares.gather(1, targets.clamp(min=0)[:, None])[:, 0].nan_to_num(0.0)
        wrong = (predicted != targets) & (targets != IGNORED)
        order = torch.argsort(given.masked_fill(~wrong, math.inf), stable=True)[: int(wrong.sum())]
        names = Known(self._facts.classes).names(outputs.shape[1])
        return [
            ClassifiedRow(
                index=int(index[row]),
                features=self._features(inputs[row]),
                true=names[int(targets[row])],
                predicted=names[int(predicted[row])],
                confidence=share(shares[row].max()),
            )
            for row in order[:count].tolist()
        ]

    def worst_estimated(self, model: nn.Module, count: int) -> list[EstimatedRow]:
        """The `count` rows whose number is estimated worst, in its own unit where it is known."""
        index, inputs, targets, outputs = self._seen(model)
        predicted, wanted = over_samples(outputs, targets)
        error = (predicted - wanted).abs().nan_to_num(math.inf)
        order = torch.argsort(error, descending=True, stable=True)
        return [
            EstimatedRow(
                index=int(index[row]),
                features=self._features(inputs[row]),
                target=self._facts.target_name or "target",
                true=self._own_unit(wanted[row]) or 0.0,
                predicted=self._own_unit(predicted[row]),
            )
            for row in order[:count].tolist()
        ]

    def _seen(self, model: nn.Module) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Numbers, inputs, targets and outputs of the first rows."""
        seen = list(looks(model, self._source, self._task, first=MOST))
        inputs, targets = (
            torch.cat([look.batch[name] for look in seen])
            for name in (self._task.inputs[0], self._task.target)
        )
        indices = torch.cat([torch.from_numpy(look.indices) for look in seen])
        return indices, inputs, targets, torch.cat([look.outputs for look in seen])

    def _features(self, row: Tensor) -> tuple[tuple[str, float], ...]:
        """Names and values, in their own units where these are known."""
        facts, values = self._facts, row.flatten().tolist()
        names = facts.features or [f"feature {n}" for n in range(len(values))]
        if facts.feature_means is not None and facts.feature_stds is not None:
            units = zip(values, facts.feature_means, facts.feature_stds, strict=True)
            values = [value * std + mean for value, mean, std in units]
        return tuple(
            (name, float(f"{value:.4g}")) for name, value in zip(names, values, strict=True)
        )

    def _own_unit(self, value: Tensor) -> float | None:
        number = float(value) * (self._facts.target_std or 1.0) + (self._facts.target_mean or 0.0)
        return float(f"{number:.6g}") if math.isfinite(number) else None
