"""Reads the NVIDIA GPUs that training can see, from the driver's management library (NVML)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

Tell = Callable[[str], None]
"""Takes a sentence on what is not known, and why."""

_MB, _W = 1e6, 1e-3


class GPUReader:
    """Reads the GPUs of some numbers, which are those of nvidia-smi.

    What the driver does not give is left out, so that the curve has a gap, and said once.
    """

    def __init__(self, nvml: Any, numbers: list[int], tell: Tell) -> None:
        self._nvml, self._numbers, self._tell = nvml, numbers, tell
        self._said: set[str] = set()

    def __call__(self) -> dict[str, float]:
        """Values by the names of their metrics."""
        reading = {}
        for number in self._numbers:
            for name, read in _VALUES.items():
                metric = f"gpu/{number}/{name}"
                try:
                    handle = self._nvml.nvmlDeviceGetHandleByIndex(number)
                    reading[metric] = float(read(self._nvml, handle))
                except self._nvml.NVMLError as error:
                    self._say(metric, error)
        return reading

    def _say(self, metric: str, error: Exception) -> None:
        if metric not in self._said:
            self._said.add(metric)
            self._tell(f"The NVIDIA driver does not tell {metric} now: {error}.")


_VALUES: Mapping[str, Callable[[Any, Any], float]] = {
    "utilisation_percent": lambda nvml, gpu: nvml.nvmlDeviceGetUtilizationRates(gpu).gpu,
    "memory_mb": lambda nvml, gpu: nvml.nvmlDeviceGetMemoryInfo(gpu).used / _MB,
    "power_w": lambda nvml, gpu: nvml.nvmlDeviceGetPowerUsage(gpu) * _W,
    "temperature_c": lambda nvml, gpu: nvml.nvmlDeviceGetTemperature(
        gpu, nvml.NVML_TEMPERATURE_GPU
    ),
}


def gpu_reader(tell: Tell) -> GPUReader | None:
    """A reader of the GPUs that PyTorch can use here; None where there are none."""
    if "+cpu" in version("torch"):
        return None
    import pynvml

    return opened(pynvml, os.environ.get("CUDA_VISIBLE_DEVICES"), tell)


def opened(nvml: Any, visible: str | None, tell: Tell) -> GPUReader | None:
    """A reader of the GPUs that ``visible`` names, as CUDA_VISIBLE_DEVICES does; None for none."""
    if visible is not None and visible.strip() in ("", "-1"):
        return None
    try:
        nvml.nvmlInit()
    except (nvml.NVMLError_LibraryNotFound, nvml.NVMLError_DriverNotLoaded):
        return None  # no NVIDIA driver, so no such GPU either
    except nvml.NVMLError as error:
        tell(f"The NVIDIA driver does not answer, so its GPUs are not measured: {error}.")
        return None
    try:
        ids = [_id_of(nvml, number) for number in range(nvml.nvmlDeviceGetCount())]
    except nvml.NVMLError as error:
        tell(f"The NVIDIA driver does not tell its GPUs, so they are not measured: {error}.")
        return None
    numbers = visible_numbers(visible, ids)
    return GPUReader(nvml, numbers, tell) if numbers else None


def visible_numbers(visible: str | None, ids: list[str]) -> list[int]:
    """Which of the GPUs with these unique names CUDA_VISIBLE_DEVICES names, in their order.

    As CUDA does, names are numbers or beginnings of unique names, and what follows one that is
    unknown counts no more. (Parts of a GPU, named MIG-..., cannot be measured by themselves.)
    """
    if visible is None:
        return list(range(len(ids)))
    found: list[int] = []
    for name in (part.strip() for part in visible.split(",")):
        number = _number_of(name, ids)
        if number is None:
            break
        found.append(number)
    return sorted(set(found))


def _number_of(name: str, ids: list[str]) -> int | None:
    if name.isascii() and name.isdigit():
        return int(name) if int(name) < len(ids) else None
    if not name.startswith("GPU-"):
        return None
    return next((number for number, known in enumerate(ids) if known.startswith(name)), None)


def _id_of(nvml: Any, number: int) -> str:
    return str(nvml.nvmlDeviceGetUUID(nvml.nvmlDeviceGetHandleByIndex(number)))
