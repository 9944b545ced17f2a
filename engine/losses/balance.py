"""Weights that make rare classes count as much as frequent ones."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.data.batching import BatchSource
from engine.losses.fit import IGNORED, TargetsDoNotFit
from engine.reproducibility import random_states, restore_random_states
from engine.task_spec import TaskSpec

_AT_ONCE = 1024


def class_counts(source: BatchSource, task: TaskSpec) -> NDArray[np.int64]:
    """How often each class occurs (C,); for labels how often each is (absent, present) (C, 2).

    One pass over the source in constant memory; ignored targets are not counted, and random
    numbers that the source draws are given back.

    Raises:
        TargetsDoNotFit: for a class below 0 that is not `IGNORED`.
    """
    count = _labels if task.kind == "multi-label-classification" else _classes
    total = np.zeros(0, np.int64)
    before = random_states()
    for first in range(0, len(source), _AT_ONCE):
        indices = np.arange(first, min(first + _AT_ONCE, len(source)))
        total = _added(total, count(source.batch(0, indices)[task.target].cpu().numpy()))
    restore_random_states(before)
    return total


def balanced_weights(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """n / (C n_c): every class that occurs has the same share of the summed weight.

    King and Zeng, "Logistic Regression in Rare Events Data" (2001); scikit-learn's 'balanced'.
    Classes that do not occur have weight 0 and are not part of C: no sample can carry it.
    """
    present = counts > 0
    weights = np.zeros(len(counts))
    weights[present] = counts.sum() / (present.sum() * counts[present])
    return weights


def positive_weights(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """absent / present for each label of counts (C, 2); 1 where one of them never occurs."""
    weights = np.ones(len(counts))
    both = (counts > 0).all(axis=1)
    weights[both] = counts[both, 0] / counts[both, 1]
    return weights


class ByClass:
    """A weight for each class, kept on the device of the logits."""

    def __init__(self, weights: NDArray[np.float64]) -> None:
        self._weights = weights.astype(np.float32).astype(np.float64)  # as the loss will have them
        self._placed = torch.empty(0)

    def like(self, logits: Tensor) -> Tensor:
        """One weight for each class of the logits (N, C); 0 for those that were never counted."""
        placed, classes = self._placed, logits.shape[-1]
        if (len(placed), placed.device, placed.dtype) == (classes, logits.device, logits.dtype):
            return placed
        if len(self._weights) > classes:
            found = f"name class {len(self._weights) - 1}"
            raise TargetsDoNotFit(found, f"classes from 0 to {classes - 1}: the model has no other")
        padded = np.zeros(classes)
        padded[: len(self._weights)] = self._weights
        self._placed = torch.from_numpy(padded).to(logits)
        return self._placed

    def each(self, classes: NDArray[np.int64]) -> NDArray[np.float64]:
        """The weight of each target."""
        return self._weights[classes]

    def total(self, classes: NDArray[np.int64]) -> float:
        """The summed weight of targets."""
        known = len(self._weights)
        return float(np.bincount(classes, minlength=known)[:known] @ self._weights)


def _classes(targets: NDArray[np.int64]) -> NDArray[np.int64]:
    kept = targets[targets != IGNORED]
    if kept.size and kept.min() < 0:
        found = f"hold {kept.min()}"
        raise TargetsDoNotFit(found, f"classes from 0, or {IGNORED} for what does not count")
    return np.bincount(kept.astype(np.int64))


def _labels(targets: NDArray[np.float64]) -> NDArray[np.int64]:
    counted = targets != IGNORED
    present = (counted & (targets > 0.5)).sum(axis=0)
    return np.stack([counted.sum(axis=0) - present, present], axis=-1).astype(np.int64)


def _added(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """The sum of counts of which one may know more classes than the other."""
    if len(one) < len(other):
        one, other = other, one
    if not len(other):
        return one
    total = one.copy()
    total[: len(other)] += other
    return total
