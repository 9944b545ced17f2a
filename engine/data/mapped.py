"""Mapped: an array that may lie in a file and is not read before it is looked at. No torch."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


class Mapped:
    """An array; one that lies in a file is opened anew by the process that it is sent to."""

    def __init__(self, array: np.ndarray) -> None:
        self.plain: np.ndarray = np.asarray(array)
        """Without the memory map's own way of indexing, which is slow."""
        self._array = array

    def __len__(self) -> int:
        return len(self.plain)

    def __reduce__(self) -> tuple[Callable[..., Mapped], tuple[Any, ...]]:
        array = self._array
        if isinstance(array, np.memmap) and isinstance(array.base, mmap.mmap):
            assert array.filename is not None
            place = str(array.filename), array.dtype.str, array.shape, array.offset
            return _opened, place
        return Mapped, (self.plain,)


def mapped(path: Path) -> np.ndarray:
    """The array of a .npy file, which stays on the disk. An empty one is read."""
    try:
        array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError:  # a file without a single number cannot be mapped
        array = np.load(path, allow_pickle=False)
        if array.size:
            raise
    return array


def _opened(path: str, dtype: str, shape: tuple[int, ...], offset: int) -> Mapped:
    return Mapped(np.memmap(path, np.dtype(dtype), "r", offset, shape))
