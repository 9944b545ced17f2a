"""Held-out samples in the eyes of a model, block by block."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from engine.data.batching import Batch, BatchSource, Indices
from engine.losses.fit import wide
from engine.task_spec import TaskSpec
from engine.writing import evaluating

AT_ONCE = 256
MOST = 4096
"""Samples that are looked at in search of the worst."""


class Look(NamedTuple):
    """A block of samples and what the model makes of them, on the CPU."""

    indices: Indices
    batch: Batch
    outputs: Tensor


def looks(
    model: nn.Module, source: BatchSource, task: TaskSpec, *, first: int | None = None
) -> Iterator[Look]:
    """The first samples of a source; the model is as it was between and after the blocks."""
    device = next(model.parameters()).device
    samples = len(source) if first is None else min(first, len(source))
    for start in range(0, samples, AT_ONCE):
        indices = np.arange(start, min(start + AT_ONCE, samples))
        batch = source.batch(0, indices)
        with evaluating(model), torch.no_grad():
            outputs = model(*(batch[name].to(device) for name in task.inputs))
        yield Look(indices, batch, wide(outputs).detach().cpu())


def share(value: Tensor) -> float | None:
    """A probability in four digits; None when it is not a number."""
    number = float(value)
    return round(number, 4) if math.isfinite(number) else None
