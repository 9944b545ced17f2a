"""How often the right class was chosen, or stood among the first three."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from engine.losses import IGNORED
from engine.metrics import torchmetrics_alone
from engine.metrics.choices import chosen


class Hits:
    """accuracy and, where asked for, top3_accuracy: shares of samples, counted on their device.

    The third best of three classes is always right, so `top3_accuracy` begins at four.
    """

    def __init__(self, classes: int, device: torch.device, *, top3: bool = True) -> None:
        torchmetrics_alone.ready()
        from torchmetrics.classification import MulticlassAccuracy

        of: dict[str, Any] = {"average": "micro", "validate_args": False}
        self._accuracy = MulticlassAccuracy(classes, ignore_index=IGNORED, **of).to(device)
        self._top3 = (
            MulticlassAccuracy(classes, 3, **of).to(device) if top3 and classes > 3 else None
        )

    def add(self, logits: Tensor, classes: Tensor) -> Tensor:
        """Add logits (N, C) and classes (N,) or `IGNORED`; gives the classes chosen."""
        predicted, counted = chosen(logits), classes != IGNORED
        self._accuracy.update(predicted, classes)
        if self._top3 is not None and counted.any():
            # Only of those that count: torchmetrics writes out every class of every sample.
            self._top3.update(logits[counted], classes[counted])
        return predicted

    def metrics(self) -> dict[str, float]:
        found = {"accuracy": float(self._accuracy.compute())}
        if self._top3 is not None:
            found["top3_accuracy"] = float(self._top3.compute())
        return found
