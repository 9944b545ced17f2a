"""Which class a model chose, and how often that was right in a batch.

Both are counted here and not by torchmetrics: a step of a training must not wait for it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from engine.losses.fit import IGNORED, wide


def chosen(logits: Tensor) -> Tensor:
    """The class (...) with the largest of the logits (..., C); of equal ones the first."""
    if logits.device.type == "cpu":  # numpy takes a tenth of torch's time here
        return torch.from_numpy(wide(logits).numpy().argmax(axis=-1))
    return logits.argmax(dim=-1)


def accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    """The share of targets (...) that count which is chosen by the outputs (..., C).

    0 of a batch of nothing but padding, which then weighs nothing.
    """
    if outputs.device.type == "cpu":  # half of torch's time, which small models would notice
        wanted = targets.numpy()
        hits = int(np.count_nonzero(wide(outputs).numpy().argmax(axis=-1) == wanted))
        return torch.tensor(hits / max(1, int(np.count_nonzero(wanted != IGNORED))))
    hits_there = (outputs.argmax(dim=-1) == targets).sum()  # no class has the number of padding
    return hits_there / (targets != IGNORED).sum().clamp(min=1)
