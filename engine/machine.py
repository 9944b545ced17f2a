"""What this machine has: cores, memory, disk, GPUs. Without torch, so that a page can ask."""

from __future__ import annotations

import logging
import os
import platform
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GPU:
    """One NVIDIA GPU."""

    name: str
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """What runs here can use."""

    cores: int
    memory_bytes: int
    memory_available_bytes: int
    disk_free_bytes: int
    """Free on the disk of the runs folder."""
    gpus: tuple[GPU, ...] = ()
    mps: bool = False
    """Whether this is a Mac whose GPU PyTorch calls 'mps'."""

    def devices(self) -> tuple[str, ...]:
        """Values of `hardware.device` that can be used here, besides 'auto'."""
        return ("cpu", *(["cuda"] if self.gpus else []), *(["mps"] if self.mps else []))


def machine_facts(folder: Path) -> MachineFacts:
    """Measure this machine; `folder` (which may not exist yet) names the disk."""
    memory = psutil.virtual_memory()
    return MachineFacts(
        cores=len(os.sched_getaffinity(0)) if platform.system() == "Linux" else os.cpu_count() or 1,
        memory_bytes=memory.total,
        memory_available_bytes=memory.available,
        disk_free_bytes=shutil.disk_usage(_existing(folder)).free,
        gpus=gpus(),
        mps=platform.system() == "Darwin" and platform.machine() == "arm64",
    )


def gpus() -> tuple[GPU, ...]:
    """The NVIDIA GPUs that PyTorch can use here, in the driver's order.

    None with a build of PyTorch for the CPU, with an empty CUDA_VISIBLE_DEVICES, or where the
    driver is missing or does not answer; the reason is logged.
    """
    import pynvml

    if "+cpu" in version("torch") or os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return ()
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        _log.info("no NVIDIA GPU: %s", error)
        return ()
    try:
        return tuple(_gpu(index) for index in range(pynvml.nvmlDeviceGetCount()))
    except pynvml.NVMLError as error:
        _log.warning("the NVIDIA driver does not tell its GPUs: %s", error)
        return ()
    finally:
        pynvml.nvmlShutdown()


def _gpu(index: int) -> GPU:
    import pynvml

    handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    return GPU(
        name=str(pynvml.nvmlDeviceGetName(handle)),
        memory_bytes=int(pynvml.nvmlDeviceGetMemoryInfo(handle).total),
    )


def _existing(folder: Path) -> Path:
    """The folder or its nearest parent that is there."""
    resolved = folder.resolve()
    return next(path for path in (resolved, *resolved.parents) if path.exists())
