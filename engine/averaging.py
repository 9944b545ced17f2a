"""WeightAverage: an exponential moving average (EMA) of the weights, and the model with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from engine.config.averaging import AveragingConfig, EMAConfig


class WeightAverage:
    """``average = decay * average + (1 - decay) * weights``, after every update.

    Early on the decay is ``(1 + step) / (10 + step)`` where that is smaller, so that the random
    weights of the beginning are soon forgotten (as TensorFlow's ExponentialMovingAverage with
    ``num_updates``). Buffers (batch norm's statistics) are copied, not averaged.
    """

    def __init__(self, model: nn.Module, config: EMAConfig) -> None:
        self._config = config
        self._live = {name: p for name, p in model.named_parameters() if p.requires_grad}
        self._average = {name: p.detach().clone() for name, p in self._live.items()}

    def update(self, step: int) -> None:
        """Take the weights after the update ``step`` into the average."""
        decay = min(self._config.decay, (1 + step) / (10 + step))
        live = [p.detach() for p in self._live.values()]
        torch._foreach_lerp_(list(self._average.values()), live, 1 - decay)

    @contextmanager
    def judged(self) -> Iterator[None]:
        """The model with the weights that are to be validated; as it was afterwards."""
        if self._config.evaluate == "weights":
            yield
            return
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        """Exchange the live weights and their average, without a copy."""
        for name, parameter in self._live.items():
            parameter.data, self._average[name] = self._average[name], parameter.data

    def tensors(self) -> dict[str, Tensor]:
        """The average by the names of the parameters."""
        return dict(self._average)

    def load(self, tensors: Mapping[str, Tensor] | None) -> None:
        """Go on with the average of a checkpoint; what it has none of begins anew here."""
        known: Mapping[str, Tensor] = self._live if tensors is None else tensors
        for name, average in self._average.items():
            average.copy_(known.get(name, self._live[name]).detach())


def average_of(model: nn.Module, config: AveragingConfig) -> WeightAverage | None:
    """The average that is configured; None for none."""
    return WeightAverage(model, config) if isinstance(config, EMAConfig) else None
