"""Arrays on the disk that grow as their rows come. No torch."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import DTypeLike


class GrowingArray:
    """A .npy file that rows are appended to, in memory that does not grow with it."""

    def __init__(self, path: Path, dtype: DTypeLike, row: tuple[int, ...] = ()) -> None:
        self.dtype, self.row, self._rows = np.dtype(dtype), row, 0
        self._file = path.open("wb")
        self._digest = hashlib.sha256(f"{self.dtype.str}{row}".encode())
        self._write_head()
        self._begin = self._file.tell()

    def __enter__(self) -> GrowingArray:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._file.close()

    def __len__(self) -> int:
        return self._rows

    def append(self, rows: np.ndarray) -> None:
        """Add rows at the end.

        Raises:
            OSError: when they do not fit onto the disk.
        """
        data = np.ascontiguousarray(rows, self.dtype)
        assert data.shape[1:] == self.row
        if not data.size:
            return
        raw = data.reshape(-1).view(np.uint8).data
        self._digest.update(raw)
        self._file.write(raw)
        self._rows += len(data)

    def close(self) -> None:
        """Write down how many there are; nothing can be added afterwards."""
        if self._file.closed:
            return
        self._file.seek(0)
        self._write_head()
        assert self._file.tell() == self._begin, "NumPy leaves room for the number to grow"
        self._file.flush()
        os.fsync(self._file.fileno())  # the folder gets its name when all of it is on the disk
        self._file.close()

    def hexdigest(self) -> str:
        """SHA-256 of type, shape of a row, and rows."""
        return self._digest.hexdigest()

    def _write_head(self) -> None:
        head = {
            "descr": np.lib.format.dtype_to_descr(self.dtype),
            "fortran_order": False,
            "shape": (self._rows, *self.row),
        }
        np.lib.format.write_array_header_1_0(self._file, head)


def smallest_type(numbers: int) -> np.dtype[np.generic]:
    """The smallest type of whole numbers that holds those below `numbers`."""
    kinds: Sequence[type[np.unsignedinteger]] = (np.uint8, np.uint16, np.uint32)
    return next(np.dtype(kind) for kind in kinds if numbers <= int(np.iinfo(kind).max) + 1)
