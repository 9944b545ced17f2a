"""Metrics of models that predict tokens."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.losses import IGNORED, plain_loss
from engine.losses.fit import over_classes
from engine.metrics.hits import Hits
from engine.metrics.known import Known
from engine.metrics.means import MeanLoss, bits, perplexity
from engine.task_spec import METRICS, TaskSpec


class TokenMetrics:
    """loss (nats a token), perplexity, accuracy and, where the vocabulary is known, bits.

    Outputs and targets are compared where they stand: whoever makes the batches has shifted the
    targets by one token already.
    """

    def __init__(self, task: TaskSpec, known: Known) -> None:
        self._loss = MeanLoss(plain_loss(task))
        self._top3 = "top3_accuracy" in METRICS[task.kind]
        self._hits: Hits | None = None
        self._lengths = {}
        if "bits_per_char" in METRICS[task.kind]:
            self._lengths = {
                "bits_per_char": _Length(known.token_chars),
                "bits_per_byte": _Length(known.token_bytes),
            }

    def update(self, outputs: Tensor, targets: Tensor) -> None:
        outputs = outputs.detach()
        self._loss.update(outputs, targets)
        logits, tokens = over_classes(outputs, targets)
        if self._hits is None:
            self._hits = Hits(logits.shape[1], logits.device, top3=self._top3)
        self._hits.add(logits, tokens)
        for length in self._lengths.values():
            length.add(tokens)

    def compute(self) -> dict[str, float]:
        loss = self._loss.compute()
        if loss is None or self._hits is None:
            return {}
        found = {"loss": loss, "perplexity": perplexity(loss)}
        for name, length in self._lengths.items():
            total = length.total()
            if total:
                found[name] = bits(self._loss.total()) / total
        return found | self._hits.metrics()

    def report(self) -> dict[str, Any] | None:
        return None


class _Length:
    """How long the text of all targets is, in a unit that is known of each token."""

    def __init__(self, of_token: NDArray[np.int64] | None) -> None:
        self._of_token = None if of_token is None else torch.from_numpy(of_token)
        self._may_be_unknown = of_token is not None and bool((of_token < 0).any())
        self._sum: Tensor | int = 0
        self._unknown: Tensor | int = 0

    def add(self, tokens: Tensor) -> None:
        if self._of_token is None:
            return
        self._of_token = self._of_token.to(tokens.device)
        lengths = self._of_token[tokens.clamp(min=0)]
        lengths = lengths.where(tokens != IGNORED, 0)
        self._sum = self._sum + lengths.sum()
        if self._may_be_unknown:
            self._unknown = self._unknown + (lengths < 0).sum()

    def total(self) -> int:
        """0 when it is not known, as with a token that stands for different texts."""
        return 0 if int(self._unknown) else int(self._sum)
