"""One append-only file a metric: fixed little-endian records of step, time and value."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from engine.runs.files import append_whole, write_whole

RECORD = np.dtype([("step", "<i8"), ("time", "<f8"), ("value", "<f8")])
"""24 bytes: optimizer step, seconds since 1970 (UTC), value (NaN and infinities as they are)."""

_LONGEST_STEM = 180

MOST_OPEN = 128
"""Metric files that are open at once; a process is often allowed 1024 files in all."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a reader has read: the attempt of the run and the records seen."""

    attempt: int
    count: int


class Series(NamedTuple):
    """Recorded points of one metric, oldest first: step int64[n], time and value float64[n]."""

    step: NDArray[np.int64]
    time: NDArray[np.float64]
    value: NDArray[np.float64]
    cursor: Cursor
    restarted: bool
    """True when the points before the cursor were cut by a resume, so this is the whole series."""


def file_stem(metric: str) -> str:
    """A file name for any metric name: percent-encoded, upper case too, so that it is unique.

    A name too long for a file system is cut and gets a digest; `MetricFiles` keeps the whole name
    in a file beside it.
    """
    stem = "".join(
        char
        if char.isascii() and (char.islower() or char.isdigit() or char in "_-")
        else "".join(f"%{byte:02x}" for byte in char.encode("utf-8", "surrogatepass"))
        for char in metric
    )
    if len(stem) <= _LONGEST_STEM:
        return stem
    digest = hashlib.sha256(metric.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{stem[:_LONGEST_STEM]}~{digest}"


def metric_name(path: Path) -> str:
    """The metric that a file holds."""
    if "~" in path.stem:
        return path.with_suffix(".name").read_bytes().decode("utf-8", "surrogatepass")
    try:
        return unquote(path.stem, errors="surrogatepass")
    except UnicodeDecodeError:
        return path.stem  # a file that we did not write


def read_records(path: Path, skip: int = 0) -> NDArray[Any]:
    """Whole records from number `skip` on; a torn last record is left out, no file is empty."""
    try:
        count = path.stat().st_size // RECORD.itemsize
        if count <= skip:
            return np.empty(0, RECORD)
        return np.fromfile(path, RECORD, count - skip, offset=skip * RECORD.itemsize)
    except FileNotFoundError:
        return np.empty(0, RECORD)


class MetricFiles:
    """The writer's side of a folder of metric files. One writer at a time owns them.

    Of many metrics (those of every layer) only some files are open: a process may have but so many.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._unsynced: set[str] = set()

    def append(self, metric: str, records: NDArray[Any]) -> None:
        """Append records of `RECORD`, all or none.

        Raises:
            OSError: when they could not be written; the file is as it was.
        """
        handle, size = self._open.get(metric) or self._open_file(metric)
        self._open[metric] = handle, append_whole(handle, records.tobytes(), size)
        self._open.move_to_end(metric)
        self._unsynced.add(metric)

    def sync(self) -> None:
        """Put everything that was appended on the disk."""
        for metric in sorted(self._unsynced):
            handle, _ = self._open.get(metric) or self._open_file(metric)
            os.fsync(handle)
            self._unsynced.remove(metric)

    def cut_after(self, step: int) -> None:
        """Drop every record of a later step, and torn tails: what a resumed run does again."""
        assert not self._open, "cut before the first append"
        for path in self._folder.glob("*.bin"):
            steps = read_records(path)["step"]
            keep = int(np.searchsorted(steps, step, side="right"))
            os.truncate(path, keep * RECORD.itemsize)

    def close(self) -> None:
        for handle, _ in self._open.values():
            os.close(handle)
        self._open.clear()

    def _open_file(self, metric: str) -> tuple[int, int]:
        """Open a file for appending, cut to whole records; the longest unused makes room for it."""
        if len(self._open) >= MOST_OPEN:
            _, (unused, _) = self._open.popitem(last=False)
            os.close(unused)
        stem = file_stem(metric)
        if "~" in stem:
            name = metric.encode("utf-8", "surrogatepass")
            write_whole(self._folder / f"{stem}.name", name)
        path = self._folder / f"{stem}.bin"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        size = os.fstat(handle).st_size // RECORD.itemsize * RECORD.itemsize
        os.ftruncate(handle, size)
        self._open[metric] = handle, size
        return handle, size


def records_of(points: Iterable[tuple[int, float, float]]) -> NDArray[Any]:
    """(step, time, value) rows as an array of `RECORD`."""
    return np.array(list(points), RECORD)
