"""Losses as sums over targets, so that micro-batches of unequal size are weighted rightly."""

from __future__ import annotations

import numpy as np
from torch import Tensor
from torch.nn import functional as F

from engine.config.losses import CrossEntropyConfig
from engine.errors import EngineError
from engine.task_spec import TaskSpec

IGNORED = -100
"""A target of this value is padding: it counts neither in the loss nor in any metric."""


class LogitsDoNotFit(EngineError):
    """A model whose outputs cannot be compared with the targets."""

    def __init__(self, outputs: object, targets: Tensor) -> None:
        found = tuple(outputs.shape) if isinstance(outputs, Tensor) else type(outputs).__name__
        super().__init__(
            f"The model gave {found} for targets of shape {tuple(targets.shape)}. It must return "
            "one tensor of logits with the shape of the targets and the classes as a last "
            "dimension."
        )


def loss_sum(outputs: Tensor, targets: Tensor, task: TaskSpec) -> Tensor:
    """The training loss summed over all targets that count.

    Logits (B, C) with targets (B,), or (B, T, C) with (B, T). Divide the sum over all
    micro-batches of an update by the sum of their `target_count`: that is the mean over the whole
    batch, however unequal its parts are.

    Raises:
        LogitsDoNotFit: when the shapes do not belong together.
    """
    assert isinstance(task.loss, CrossEntropyConfig)
    return _cross_entropy_sum(outputs, targets, task.loss.label_smoothing)


def plain_loss_sum(outputs: Tensor, targets: Tensor) -> Tensor:
    """The summed negative log-likelihood in nats, by which models are judged: no smoothing."""
    return _cross_entropy_sum(outputs, targets, 0.0)


def target_count(targets: Tensor) -> int:
    """Targets that count in the loss. On a GPU this waits: call it on the CPU's batch."""
    if targets.device.type == "cpu":  # a third of torch's time, which small models would notice
        return int(np.count_nonzero(targets.numpy() != IGNORED))
    return int((targets != IGNORED).sum())


def _cross_entropy_sum(outputs: Tensor, targets: Tensor, label_smoothing: float) -> Tensor:
    if not isinstance(outputs, Tensor) or outputs.shape[:-1] != targets.shape:
        raise LogitsDoNotFit(outputs, targets)
    return F.cross_entropy(
        outputs.flatten(0, -2),
        targets.flatten(),
        reduction="sum",
        ignore_index=IGNORED,
        label_smoothing=label_smoothing,
    )
