"""Whether outputs and targets belong together, and both in the shape that losses want."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.errors import EngineError

IGNORED = -100
"""A target of this value is padding: it counts neither in the loss nor in any metric."""
_WIDE = (torch.float32, torch.float64)


class LogitsDoNotFit(EngineError):
    """A model whose outputs cannot be compared with the targets."""

    def __init__(self, outputs: object, targets: Tensor, wanted: str) -> None:
        found = tuple(outputs.shape) if isinstance(outputs, Tensor) else type(outputs).__name__
        super().__init__(
            f"The model gave {found} for targets of shape {tuple(targets.shape)}. It must return "
            f"one tensor of {wanted}."
        )


class TargetsDoNotFit(EngineError):
    """Targets that name no class of the model, or are of another kind than the task's."""

    def __init__(self, found: str, wanted: str) -> None:
        super().__init__(f"The targets {found}, but this task needs {wanted}.")


def over_classes(outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Logits (N, C) and classes (N,) of outputs (..., C) and targets (...).

    Raises:
        LogitsDoNotFit: when the shapes do not belong together.
        TargetsDoNotFit: when the targets are not whole numbers.
    """
    if not isinstance(outputs, Tensor) or outputs.shape[:-1] != targets.shape:
        wanted = "logits with the shape of the targets and the classes as a last dimension"
        raise LogitsDoNotFit(outputs, targets, wanted)
    if targets.dtype is not torch.int64:
        targets = _whole(targets)
    if outputs.ndim != 2:
        outputs, targets = outputs.flatten(0, -2), targets.flatten()
    return wide(outputs), targets


def over_labels(outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Logits and targets (N, C) of a task in which any number of labels can be right.

    Raises:
        LogitsDoNotFit: when there is not one logit for each target.
    """
    if not isinstance(outputs, Tensor) or outputs.ndim < 2 or outputs.shape != targets.shape:
        wanted = "logits (samples, labels), one for each label: the shape of the targets"
        raise LogitsDoNotFit(outputs, targets, wanted)
    logits = wide(outputs)
    return logits, targets.to(logits.dtype)


def over_samples(outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Predictions and targets (N,) of a task with one number for each sample.

    Without this check (N, 1) beside (N,) would be compared each with each.

    Raises:
        LogitsDoNotFit: when there is not one number for each target.
    """
    if not isinstance(outputs, Tensor) or _numbers(outputs) is None or _numbers(targets) is None:
        raise LogitsDoNotFit(outputs, targets, "numbers, one a sample: (samples,) or (samples, 1)")
    if len(outputs) != len(targets):
        raise LogitsDoNotFit(outputs, targets, "as many numbers as there are targets")
    predicted = wide(outputs).flatten()
    return predicted, targets.to(predicted.dtype).flatten()


def wide(outputs: Tensor) -> Tensor:
    """At least float32: sums of bfloat16 over a batch would lose digits."""
    return outputs if outputs.dtype in _WIDE else outputs.float()


def _numbers(values: Tensor) -> int | None:
    """How many samples there are with one number each; None when there are more numbers."""
    one_each = values.ndim == 1 or (values.ndim == 2 and values.shape[1] == 1)
    return len(values) if one_each else None


def _whole(targets: Tensor) -> Tensor:
    if targets.is_floating_point() or targets.dtype is torch.bool:
        raise TargetsDoNotFit(f"are {targets.dtype}", "whole numbers of classes, from 0")
    return targets.long()
