"""Counting with torchmetrics while deterministic algorithms are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def counting() -> Iterator[None]:
    """Let torchmetrics count whole numbers by `torch.bincount`; the switch is put back.

    Under deterministic algorithms, which every run has unless it says otherwise, its `_bincount`
    compares each sample with each cell instead: 2 GB for 256 samples of 1,000 classes. Nothing is
    lost by the switch: on a CPU the count has one result, and on CUDA too, because whole numbers
    have the same sum in any order.
    """
    before = torch.get_deterministic_debug_mode()
    torch.set_deterministic_debug_mode(0)
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode(before)
