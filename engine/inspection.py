"""Inspection: what is inside the model during one update, at the steps that were asked for."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from engine.training_config import LoggingConfig

BINS = 64
_CHUNK = 2**22
"""Numbers binned at once, so that a large tensor needs no second one of its size as doubles."""

Histogram = dict[str, Any]
"""`low` and `high` ends of the bins, their `counts`, and how many numbers were `nonfinite`."""


class Inspector:
    """Looks into a model, at chosen steps, without leaving a trace.

    It draws no random numbers and changes neither weights nor gradients. Frozen parameters are
    left out; tied ones are there once. `model` is the module itself, not what torch.compile made
    of it: compiled code does not call hooks that come later.
    """

    def __init__(self, model: nn.Module, config: LoggingConfig) -> None:
        self._model = model
        self._layers_every = config.layers_every_steps or sys.maxsize
        self._histograms_every = config.histograms_every_steps or sys.maxsize

    def begin(self, step: int) -> Inspection | None:
        """The inspection of the update that makes this step, counted from 1; None if none is due.

        This is asked in every step.
        """
        layers, histograms = step % self._layers_every, step % self._histograms_every
        if layers and histograms:
            return None
        return Inspection(self._model, layers=not layers, histograms=not histograms)


class Inspection:
    """Of one update: call its methods in the order in which they stand here.

    With `layers` it fills `metrics`, with `histograms` it fills `histograms`. It needs the time
    and, between `before_step` and `after_step`, the memory of one copy of the weights.
    """

    def __init__(self, model: nn.Module, *, layers: bool, histograms: bool) -> None:
        self.metrics: dict[str, Tensor] = {}
        """Scalars on the device, not yet read."""
        self.histograms: dict[str, dict[str, Histogram]] | None = None
        """weights (after the update), gradients (before clipping) and activations by name."""
        self._model, self._layers = model, layers
        self._trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
        self._before: dict[str, tuple[Tensor, Tensor]] = {}
        if histograms:
            self.histograms = {"weights": {}, "gradients": {}, "activations": {}}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Around the forward passes: takes what the modules give that hold no other modules.

        Of each module it is what it gives first, in the first batch of the update.
        """
        if self.histograms is None:
            yield
            return
        taken = self.histograms["activations"]
        handles = [
            module.register_forward_hook(_taker(name or type(module).__name__, taken))
            for name, module in self._model.named_modules()
            if not any(module.children())
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    @torch.no_grad()
    def after_backward(self) -> None:
        """Look at the gradients: before they are clipped, without any scaling of the loss."""
        found = {name: p.grad for name, p in self._trained.items() if p.grad is not None}
        if self._layers:
            for name, gradient in found.items():
                self.metrics[f"layers/grad_norm/{name}"] = gradient.norm()
        if self.histograms is not None:
            self.histograms["gradients"] = _histograms(found)

    @torch.no_grad()
    def before_step(self) -> None:
        """Keep a copy of the weights. Those that are all zero have no ratio and are left out."""
        if not self._layers or not self._trained:
            return
        norms = [parameter.norm() for parameter in self._trained.values()]
        nonzero = torch.stack(norms).tolist()  # read at once: a GPU is waited for once
        self._before = {
            name: (parameter.clone(), norm)
            for (name, parameter), norm, size in zip(
                self._trained.items(), norms, nonzero, strict=True
            )
            if size
        }

    @torch.no_grad()
    def after_step(self) -> None:
        """Look at the weights, and compare them with those before."""
        for name, (before, norm) in self._before.items():
            change = before.sub_(self._trained[name]).norm()
            self.metrics[f"layers/update_ratio/{name}"] = change / norm
        self._before = {}
        if self.histograms is not None:
            self.histograms["weights"] = _histograms(self._trained)


@torch.no_grad()
def histogram_of(tensor: Tensor) -> Histogram:
    """How the numbers of a tensor are spread: bins of equal width from the lowest to the highest.

    They are counted on the CPU: on CUDA PyTorch refuses to while algorithms are deterministic.
    """
    values = tensor.detach().flatten().cpu()
    low, high = _ends(values)
    nonfinite = 0
    if not math.isfinite(high - low):
        finite = values[values.isfinite()]
        nonfinite = len(values) - len(finite)
        values = finite
        low, high = _ends(values)
    if low == high:  # all the same, or nothing: the middle of bins around it
        half = abs(low) / 2 or 0.5
        low, high = low - half, high + half
    counts = torch.zeros(BINS, dtype=torch.float64)
    for part in torch.split(values, _CHUNK):
        counts += torch.histc(part.double(), BINS, low, high)
    return {"low": low, "high": high, "counts": counts.long().tolist(), "nonfinite": nonfinite}


def _ends(values: Tensor) -> tuple[float, float]:
    if not len(values):
        return 0.0, 0.0
    low, high = values.aminmax()
    return float(low), float(high)


def _histograms(tensors: dict[str, Any]) -> dict[str, Histogram]:
    return {name: histogram_of(tensor) for name, tensor in tensors.items()}


def _taker(
    name: str, taken: dict[str, Histogram]
) -> Callable[[nn.Module, tuple[Any, ...], Any], None]:
    def take(_: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        if name not in taken and isinstance(output, Tensor) and output.is_floating_point():
            taken[name] = histogram_of(output)

    return take
