"""Device and number format of the arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor

from engine.errors import NoSuchDevice
from engine.optimizers.like import OptimizerLike
from engine.training_config import HardwareConfig, PrecisionConfig

SMALLEST_SCALE = 1.0
"""fp16 gradients that overflow even at this loss scale are not a matter of scale."""
FORMATS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def available_devices() -> list[str]:
    """Device types that this build of PyTorch finds here, the fastest first."""
    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    return [*(name for name, there in found.items() if there), "cpu"]


def choose_device(config: HardwareConfig) -> torch.device:
    """The device to train on.

    Raises:
        NoSuchDevice: when the one that was asked for is not there.
    """
    available = available_devices()
    name = available[0] if config.device == "auto" else config.device
    if name not in available:
        raise NoSuchDevice(name, available)
    return torch.device(name)


def autocast(config: PrecisionConfig, device: torch.device) -> AbstractContextManager[None]:
    """The context in which the forward pass runs."""
    if config.dtype == "fp32":
        return nullcontext()
    return torch.autocast(device.type, dtype=FORMATS[config.dtype])


@contextmanager
def matrix_precision(config: PrecisionConfig) -> Iterator[None]:
    """TF32 for fp32 matrix products and convolutions as configured, and as before afterwards."""
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("high" if config.tf32 else "highest")
    torch.backends.cudnn.allow_tf32 = config.tf32
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before[0])
        torch.backends.cudnn.allow_tf32 = before[1]


class Scaler:
    """Scales the loss of fp16 training, so that small gradients are not rounded to zero.

    Micikevicius and others, "Mixed Precision Training" (2018), with PyTorch's dynamic scale. For
    the other formats it does nothing.
    """

    def __init__(self, config: PrecisionConfig, device: torch.device) -> None:
        self._on, self._device = config.dtype == "fp16", device.type
        self._scaler = torch.amp.GradScaler(self._device) if self._on else None

    @property
    def scale(self) -> float | None:
        """What the loss is multiplied by; None where it is not scaled."""
        return None if self._scaler is None else float(self._scaler.get_scale())

    def backward(self, loss: Tensor) -> None:
        """Compute gradients, of the scaled loss where it is scaled."""
        scaled = loss if self._scaler is None else self._scaler.scale(loss)
        scaled.backward()  # type: ignore[no-untyped-call]

    def unscale(self, optimizer: OptimizerLike) -> None:
        """Divide the gradients by the scale, so that they can be measured and clipped."""
        if self._scaler is not None:
            self._scaler.unscale_(optimizer)  # type: ignore[arg-type]

    def overflowed(self, grad_norm: float) -> bool:
        """Whether gradients that are not finite come from too large a scale, and not from the
        model: then the step is left out and the scale halved."""
        finite = grad_norm - grad_norm == 0
        return self._scaler is not None and not finite and self._scaler.get_scale() > SMALLEST_SCALE

    def step(self, optimizer: OptimizerLike) -> None:
        """Update the weights, unless a scaled gradient overflowed; adapt the scale."""
        if self._scaler is None:
            optimizer.step()
            return
        self._scaler.step(optimizer)  # type: ignore[arg-type]
        self._scaler.update()

    def forget(self) -> None:
        """Make ready for the next update without this one's step."""
        if self._scaler is not None:
            self._scaler.update()

    def state_dict(self) -> dict[str, Any]:
        return {} if self._scaler is None else dict(self._scaler.state_dict())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if not self._on:
            return
        # A new one: the old one may be in the middle of an update that went wrong.
        self._scaler = torch.amp.GradScaler(self._device)
        if state:  # none in a checkpoint of another number format
            self._scaler.load_state_dict(state)
