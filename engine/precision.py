"""Device and number format of the arithmetic."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

from engine.errors import NoSuchDevice
from engine.training_config import HardwareConfig, PrecisionConfig


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
    return torch.autocast(device.type, dtype=torch.bfloat16)
