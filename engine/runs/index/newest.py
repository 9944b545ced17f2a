"""The newest value of every metric of one run, from the ends of its metric files."""

from __future__ import annotations

import os
import struct
from functools import lru_cache
from pathlib import Path

from engine.runs.series import RECORD, metric_name

_SUFFIX = ".bin"
_RECORD = struct.Struct("<qdd")
assert _RECORD.size == RECORD.itemsize

Seen = dict[str, tuple[int, int, float]]
"""Metric -> size, time of change and last value of its file, when it was last looked at."""


def newest_values(folder: Path, seen: Seen) -> dict[str, float]:
    """The last value of each metric of a `metrics` folder; `seen` keeps what need not be read."""
    found: dict[str, float] = {}
    try:
        files = [entry for entry in os.scandir(folder) if entry.name.endswith(_SUFFIX)]
    except OSError:
        return found  # a run whose folder is being deleted, or never had metrics
    for entry in files:
        try:
            stat, metric = entry.stat(), _metric(entry.path)
            known = seen.get(metric)
            if known is None or known[:2] != (stat.st_size, stat.st_mtime_ns):
                last = _last(entry.path, stat.st_size)
                if last is None:
                    continue
                seen[metric] = known = stat.st_size, stat.st_mtime_ns, last
        except OSError:
            continue  # as above
        found[metric] = known[2]
    return found


def _metric(path: str) -> str:
    name = os.path.basename(path)
    return _shown(metric_name(Path(path))) if "~" in name else _of_stem(name)


@lru_cache(maxsize=8192)
def _of_stem(name: str) -> str:
    return _shown(metric_name(Path(name)))


def _shown(metric: str) -> str:
    """The name without halves of characters, which no screen and no JSON takes."""
    return metric.encode("utf-8", "replace").decode()


def _last(path: str, size: int) -> float | None:
    """The value of the last whole record; None when there is none."""
    count = size // _RECORD.size
    if not count:
        return None
    with open(path, "rb", buffering=0) as file:
        file.seek((count - 1) * _RECORD.size)
        record = file.read(_RECORD.size)
    return float(_RECORD.unpack(record)[2]) if len(record) == _RECORD.size else None
