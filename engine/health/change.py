"""How far outputs moved, as a share of their size."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.data.batching import Batch
from engine.health.outcome import Skipped
from engine.health.subject import Subject

LEAK = 1e-4
"""Outputs that move by more than this share of their size have moved. Another order of float32
sums moves them by about 1e-6; one token of a hundred, seen by an attention, by a hundredth."""


def change(now: Tensor, before: Tensor, all_outputs: Tensor) -> Tensor:
    """Each change as a share of the largest output; infinite where it is no number."""
    size = all_outputs.float().abs().max().clamp(min=1e-30)
    return ((now - before).float().abs() / size).nan_to_num(torch.inf)


@torch.no_grad()
def steady_outputs(subject: Subject, model: nn.Module, batch: Batch) -> Tensor:
    """Outputs that a change can be seen against.

    Raises:
        Skipped: when two passes over the same batch differ already.
    """
    once, again = (subject.outputs(model, batch) for _ in range(2))
    if largest_change(again, once, once) > LEAK:
        raise Skipped(
            "Two passes over the same batch differ already (see Determinism), so no other change "
            "can be seen."
        )
    return once


def largest_change(now: Tensor, before: Tensor, all_outputs: Tensor) -> float:
    """The largest change as a share of the largest output."""
    return float(change(now, before, all_outputs).max())
