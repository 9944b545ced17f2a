"""Reads the processor, the memory, the disk, and what this process takes of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import psutil

_MB, _GB = 1e6, 1e9


class MachineReader:
    """Each call reads the load since the one before."""

    def __init__(self, folder: Path) -> None:
        """``folder`` names the disk."""
        self._folder = folder
        self._process = psutil.Process()
        self._process.cpu_percent()
        psutil.cpu_percent()

    def __call__(self) -> dict[str, float]:
        """Values by the names of their metrics; of the process, 100 percent is one core."""
        return {
            "system/cpu_percent": psutil.cpu_percent(),
            "system/memory_percent": psutil.virtual_memory().percent,
            "system/disk_free_gb": shutil.disk_usage(self._folder).free / _GB,
            "system/process_cpu_percent": self._process.cpu_percent(),
            "system/process_memory_mb": self._process.memory_info().rss / _MB,
        }
