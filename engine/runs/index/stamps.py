"""Stamps: whether the files that decide what a run is were replaced, without reading them."""

from __future__ import annotations

import os
import time

FILES = ("run.json", "state.json", "labels.json")
UNSETTLED = 0
"""Stands for the time of a folder that changed just now: it may change again at the same time."""
_SETTLES_NS = 1_000_000_000

Stamp = tuple[int, ...]
"""Time of change of a run's folder, then time, number and size of each of its files."""


def stamp_of(folder: str) -> Stamp | None:
    """The stamp of a run's folder; None when it holds no run."""
    try:
        changed_at = os.stat(folder).st_mtime_ns
        files = [_file(f"{folder}{os.sep}{name}") for name in FILES]
    except OSError:
        return None
    if not files[0][0]:
        return None
    now = time.time_ns()
    times = (changed_at, *(changed for changed, _, _ in files))
    settled = all(abs(now - at) > _SETTLES_NS for at in times)
    parts = (part for file in files for part in file)
    return (changed_at if settled else UNSETTLED, *parts)


def _file(path: str) -> tuple[int, int, int]:
    try:
        stat = os.stat(path)
    except FileNotFoundError:
        return 0, 0, 0
    return stat.st_mtime_ns, stat.st_ino, stat.st_size
