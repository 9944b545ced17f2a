"""The newest value of metrics of many runs, read again only when a file has grown."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from engine.runs.series import RECORD, file_stem, read_records

_stem_of = lru_cache(maxsize=4096)(file_stem)


class LastValues:
    """Cached by the size of the metric's file; shared by all who list runs."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[tuple[int, int], float]] = {}

    def of(self, run_folder: Path, metric: str) -> float | None:
        """The newest value of a metric; None when there is none."""
        path = f"{run_folder}/metrics/{_stem_of(metric)}.bin"
        try:
            stat = os.stat(path)
        except OSError:
            return None
        stamp = (stat.st_size, stat.st_mtime_ns)
        seen = self._seen.get(path)
        if seen is None or seen[0] != stamp:
            records = read_records(Path(path), max(0, stat.st_size // RECORD.itemsize - 1))
            if not len(records):
                return None
            self._seen[path] = seen = stamp, float(records["value"][-1])
        return seen[1]
