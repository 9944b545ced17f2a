"""Reads the NVIDIA GPUs that training can see, from the driver's management library (NVML)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from typing import Any

from engine.system import cuda_devices
from engine.system.cuda_devices import CUDAFailed

Tell = Callable[[str], None]
"""Takes a sentence on what is not known, and why."""

_MB, _W = 1e6, 1e-3


class GPUReader:
    """Reads GPUs by where they sit on the PCI bus, which NVML and CUDA call alike.

    Their numbers are those of nvidia-smi. What the driver does not give is left out, so that the
    curve has a gap, and said once.
    """

    def __init__(self, nvml: Any, bus_ids: Mapping[int, str], tell: Tell) -> None:
        self._nvml, self._bus_ids, self._tell = nvml, bus_ids, tell
        self._said: set[str] = set()

    def __call__(self) -> dict[str, float]:
        """Values by the names of their metrics."""
        reading = {}
        for number, bus_id in self._bus_ids.items():
            for name, read in _VALUES.items():
                metric = f"gpu/{number}/{name}"
                try:
                    handle = self._nvml.nvmlDeviceGetHandleByPciBusId(bus_id)
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
    cuda = cuda_devices.library()
    if cuda is None:
        return None  # no NVIDIA driver, so no such GPU either
    try:
        visible = cuda_devices.bus_ids(cuda)
    except CUDAFailed as error:
        tell(f"CUDA does not answer, so its GPUs are not measured: {error}.")
        return None
    import pynvml

    return opened(pynvml, visible, tell)


def opened(nvml: Any, visible: Iterable[str], tell: Tell) -> GPUReader | None:
    """A reader of the GPUs at these places of the PCI bus; None for none."""
    places = list(dict.fromkeys(visible))  # parts of one GPU sit at one place
    if not places:
        return None
    try:
        nvml.nvmlInit()
        numbered = {_number_of(nvml, place): place for place in places}
    except nvml.NVMLError as error:
        tell(f"The NVIDIA driver does not tell its GPUs, so they are not measured: {error}.")
        return None
    return GPUReader(nvml, dict(sorted(numbered.items())), tell)


def _number_of(nvml: Any, bus_id: str) -> int:
    return int(nvml.nvmlDeviceGetIndex(nvml.nvmlDeviceGetHandleByPciBusId(bus_id)))
