"""Same seed, same bits: seeding, deterministic algorithms, random states that can be saved."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from engine.training_config import TrainingConfig


def seed_everything(seed: int) -> None:
    """Seed PyTorch on every device, NumPy's global generator and Python's."""
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)


@contextmanager
def reproducible(config: TrainingConfig, threads_before: int | None) -> Iterator[int]:
    """Threads and deterministic algorithms as configured; gives the number of threads.

    A run that is resumed keeps the ``threads_before`` that it began with, even on a machine with
    more cores: another number would change the order of sums and so the last digits.
    The process is left as it was found: a notebook or server that trains once is not slowed
    down by a switch that was never put back.
    """
    switches: Any = torch.utils.deterministic
    before = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    filling = switches.fill_uninitialized_memory
    if torch.cuda.is_available():  # cuBLAS is not repeatable without
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(config.hardware.threads or threads_before or os.cpu_count() or 1)
    # use_deterministic_algorithms() sets the same flag, but imports the compiler: 2 to 8 s
    torch.set_deterministic_debug_mode(2 if config.reproducibility.deterministic else 0)
    # Filling every new tensor with NaN helps to find reads of memory that nobody wrote; it
    # changes no result of what is written right, and costs a small model a hundredth of its time.
    switches.fill_uninitialized_memory = False
    try:
        yield torch.get_num_threads()
    finally:
        torch.set_num_threads(before[0])
        torch.set_deterministic_debug_mode(before[1])
        switches.fill_uninitialized_memory = filling


def random_states() -> dict[str, Any]:
    """All random generators as tensors and plain data, so that no pickle is needed to read it."""
    legacy = np.random.get_state(legacy=True)
    assert isinstance(legacy, tuple)
    _, keys, position, has_gauss, gauss = legacy
    version, internal, gauss_next = random.getstate()
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "mps": [torch.mps.get_rng_state()] if torch.backends.mps.is_available() else [],
        "numpy": [torch.from_numpy(np.asarray(keys, np.int64)), position, has_gauss, gauss],
        "python": [version, list(internal), gauss_next],
    }


def restore_random_states(states: dict[str, Any]) -> None:
    """Put all random generators where `random_states` found them."""
    torch.set_rng_state(states["torch"])
    if torch.cuda.is_available():  # on a machine with other GPUs, those that are here
        here = zip(range(torch.cuda.device_count()), states["cuda"], strict=False)
        for device, state in here:
            torch.cuda.set_rng_state(state, device)
    if torch.backends.mps.is_available():
        for state in states.get("mps", ()):  # not in checkpoints of 0.1
            torch.mps.set_rng_state(state)
    keys, position, has_gauss, gauss = states["numpy"]
    np.random.set_state(("MT19937", keys.numpy().astype(np.uint32), position, has_gauss, gauss))
    version, internal, gauss_next = states["python"]
    random.setstate((version, tuple(internal), gauss_next))
