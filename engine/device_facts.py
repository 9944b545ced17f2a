"""Device facts: what matrix products reach here, and how much memory this process holds."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache

import psutil
import torch

SIZES = (256, 512, 1024, 2048, 4096)
"""Edges of the square matrices that are multiplied."""
_BUDGET_S = 0.1
_MB = 1e6


def peak_flops(device: torch.device, dtype: torch.dtype) -> float:
    """Floating-point operations a second that the best square matrix product reaches here.

    So "model FLOPs utilisation" is the share of what this device does with this number format,
    this number of CPU threads and this setting of TF32, not of a vendor's number, which only some
    devices have and none reaches. It is measured once a process, for about 0.1 s, without random
    numbers. Where other programs keep the device busy meanwhile, it comes out too low.
    """
    return _measured(device, dtype, torch.get_num_threads(), torch.get_float32_matmul_precision())


def memory_reader(device: torch.device) -> Callable[[], dict[str, float]]:
    """Reads, in MB, what the process holds and the most that a GPU held since the last reading."""
    process = psutil.Process()

    def read() -> dict[str, float]:
        memory = {"memory/process_mb": process.memory_info().rss / _MB}
        if device.type == "cuda":
            memory["memory/gpu_mb"] = torch.cuda.max_memory_allocated(device) / _MB
            torch.cuda.reset_peak_memory_stats(device)
        return memory

    return read


@lru_cache
@torch.no_grad()
def _measured(device: torch.device, dtype: torch.dtype, threads: int, precision: str) -> float:
    """The arguments are all that the speed depends on."""
    began, best = time.perf_counter(), 0.0
    for size in SIZES:
        left = torch.linspace(-1, 1, size * size, device=device).view(size, size).to(dtype)
        right = left.T.contiguous()
        _seconds(left, right)  # the first pays for warming up
        best = max(best, *(2.0 * size**3 / _seconds(left, right) for _ in range(3)))
        if time.perf_counter() - began > _BUDGET_S:
            break
    return best


def _seconds(left: torch.Tensor, right: torch.Tensor) -> float:
    """Of one product; on a GPU among several, so that the way to it does not count."""
    repeats = 1 if left.device.type == "cpu" else 10
    began = time.perf_counter()
    for _ in range(repeats):
        product = torch.mm(left, right)
    product[0, 0].item()  # waits for a GPU
    return (time.perf_counter() - began) / repeats
