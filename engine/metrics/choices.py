"""Which class a model chose, and how far down its list the right one stands."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.losses.fit import IGNORED, wide


def chosen(logits: Tensor) -> Tensor:
    """The class (...) with the largest of the logits (..., C); of equal ones the first."""
    if logits.device.type == "cpu":  # numpy takes a tenth of torch's time here
        return torch.from_numpy(wide(logits).numpy().argmax(axis=-1))
    return logits.argmax(dim=-1)


def ranks(logits: Tensor, classes: Tensor) -> Tensor:
    """How many classes stand before the right one (N,); 0 where it is `chosen`."""
    of_right = logits.gather(1, classes[:, None])
    earlier = torch.arange(logits.shape[1], device=logits.device) < classes[:, None]
    return ((logits > of_right) | ((logits == of_right) & earlier)).sum(dim=1)


def right(outputs: Tensor, targets: Tensor) -> Tensor:
    """How many targets (...) that count are the class chosen by the outputs (..., C)."""
    return ((chosen(outputs) == targets) & (targets != IGNORED)).sum()
