"""The GPUs that CUDA gives to this process, asked of the driver itself."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

_LIBRARY = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
_NO_DEVICE = 100
"""CUDA's answer where it has no GPU, or none is visible."""
_LONGEST_ID = 32


class CUDAFailed(Exception):
    """The driver did not answer as it should."""

    def __init__(self, code: int) -> None:
        super().__init__(f"CUDA error {code}")


def library() -> Any:
    """The driver's library; None where there is none."""
    try:
        return ctypes.CDLL(_LIBRARY)
    except OSError:
        return None


def bus_ids(cuda: Any) -> list[str]:
    """Where the GPUs sit on the PCI bus, in CUDA's own order; none where it has none.

    That order is not the one of the management library: CUDA counts the fastest GPU first unless
    CUDA_DEVICE_ORDER says otherwise, and of these CUDA_VISIBLE_DEVICES picks. Nobody knows the
    outcome better than CUDA. This makes no context, so it takes no memory of a GPU.

    Raises:
        CUDAFailed: when it does not answer.
    """
    code = cuda.cuInit(0)
    if code == _NO_DEVICE:
        return []
    _check(code)
    count = ctypes.c_int()
    _check(cuda.cuDeviceGetCount(ctypes.byref(count)))
    return [_bus_id(cuda, number) for number in range(count.value)]


def _bus_id(cuda: Any, number: int) -> str:
    device = ctypes.c_int()
    _check(cuda.cuDeviceGet(ctypes.byref(device), number))
    name = ctypes.create_string_buffer(_LONGEST_ID)
    _check(cuda.cuDeviceGetPCIBusId(name, _LONGEST_ID, device))
    return name.value.decode("ascii")


def _check(code: int) -> None:
    if code:
        raise CUDAFailed(code)
