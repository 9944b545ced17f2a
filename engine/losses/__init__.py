"""Losses as sums over targets, so that micro-batches of unequal size are weighted rightly."""

from __future__ import annotations

from engine.config.losses import BinaryCrossEntropyConfig, HuberConfig, MSEConfig
from engine.data.batching import BatchSource
from engine.losses.balance import balanced_weights, class_counts, positive_weights
from engine.losses.fit import IGNORED, LogitsDoNotFit, TargetsDoNotFit
from engine.losses.kinds import Amount, ClassLoss, ErrorLoss, LabelLoss, Loss
from engine.task_spec import TaskSpec

__all__ = [
    "IGNORED",
    "Amount",
    "LogitsDoNotFit",
    "Loss",
    "TargetsDoNotFit",
    "class_counts",
    "loss_for",
    "plain_loss",
]


def loss_for(task: TaskSpec, train: BatchSource) -> Loss:
    """The loss of a run; reads the training data once if the weights of its classes need it."""
    config = task.loss
    if isinstance(config, MSEConfig | HuberConfig) or config.class_weights == "equal":
        return plain_loss(task)
    counts = class_counts(train, task)
    if isinstance(config, BinaryCrossEntropyConfig):
        return LabelLoss(positive_weights(counts))
    return ClassLoss(config, balanced_weights(counts))


def plain_loss(task: TaskSpec) -> Loss:
    """The loss of a task with all classes equal."""
    config = task.loss
    if isinstance(config, MSEConfig | HuberConfig):
        return ErrorLoss(config)
    if isinstance(config, BinaryCrossEntropyConfig):
        return LabelLoss()
    return ClassLoss(config)
