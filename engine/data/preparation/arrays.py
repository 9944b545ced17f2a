"""Arrays of one side of a split: written in pieces, read memory-mapped."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np


class Side(NamedTuple):
    """One side of a split."""

    name: str
    """"train" or "val"."""
    rows: int


@contextmanager
def side_arrays(
    folder: Path, side: Side, shapes: Mapping[str, tuple[int, ...]], types: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """New arrays of one row a sample, to be filled.

    Room on the disk is taken at once: writing into a mapped file on a full disk would end the
    process instead of raising an error.
    """
    arrays = {
        name: _new(folder / f"{side.name}-{name}.npy", (side.rows, *shape), np.dtype(types[name]))
        for name, shape in shapes.items()
    }
    yield arrays
    for array in arrays.values():
        if array.size:
            array.flush()


def opened(folder: Path, side: str) -> dict[str, Any]:
    """The arrays of one side, memory-mapped; what is written into them stays in memory."""
    found = {}
    for path in sorted(folder.glob(f"{side}-*.npy")):
        found[path.stem.removeprefix(f"{side}-")] = np.load(path, mmap_mode="c")
    return found


def fingerprint_of(folder: Path) -> str:
    """SHA-256 of all arrays."""
    whole = hashlib.sha256()
    for path in sorted(folder.glob("*.npy")):
        whole.update(path.name.encode())
        with path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def _new(path: Path, shape: tuple[int, ...], type: np.dtype[Any]) -> Any:
    if 0 in shape:
        array = np.zeros(shape, type)
        np.save(path, array)
        return array
    array = np.lib.format.open_memmap(path, mode="w+", dtype=type, shape=shape)
    with path.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array
