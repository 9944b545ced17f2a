"""Arrays of one side of a split: written row by row, read memory-mapped."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np


class Side(NamedTuple):
    """One side of a split."""

    name: str
    """"train" or "val"."""
    rows: int


class Appended:
    """An array that is written from its first row to its last.

    Not through a memory map: on a full disk that ends the process instead of raising an error, and
    what is written would count as memory.
    """

    def __init__(self, file: IO[bytes], shape: tuple[int, ...], type: np.dtype[Any]) -> None:
        self._file, self._type, self._left = file, type, shape[0]
        document = {"descr": type.str, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, document)

    def append(self, rows: Any) -> None:
        """The next rows."""
        self._left -= len(rows)
        self._file.write(np.ascontiguousarray(rows, self._type).data)

    def close(self) -> None:
        """Put all of it on the disk."""
        assert self._left == 0, "as many rows as were announced"
        self._file.flush()
        os.fsync(self._file.fileno())


@contextmanager
def side_arrays(
    folder: Path, side: Side, shapes: Mapping[str, tuple[int, ...]], types: Mapping[str, Any]
) -> Iterator[dict[str, Appended]]:
    """New arrays of one row a sample, to be filled."""
    with ExitStack() as files:
        arrays = {}
        for name, shape in shapes.items():
            file = files.enter_context((folder / f"{side.name}-{name}.npy").open("wb"))
            arrays[name] = Appended(file, (side.rows, *shape), np.dtype(types[name]))
        yield arrays
        for array in arrays.values():
            array.close()


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
