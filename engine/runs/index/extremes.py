"""The lowest and the highest value of metrics; of a file that grows only what is new is read."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from engine.runs.series import file_stem, read_records


class Extremes:
    """Kept in memory by run and metric."""

    def __init__(self) -> None:
        self._seen: dict[tuple[Path, str], _Seen] = {}

    def of(self, run_folder: Path, metric: str, attempt: int) -> tuple[float, float] | None:
        """Lowest and highest value, NaN left out; None when there is none.

        `attempt` is that of the run's state: a later one may have cut what was read before.
        """
        seen = self._seen.get((run_folder, metric))
        if seen is None or seen.attempt != attempt:
            seen = _Seen(attempt, 0, math.inf, -math.inf)
        path = run_folder / "metrics" / f"{file_stem(metric)}.bin"
        values = read_records(path, seen.records)["value"]
        if len(values):
            low = float(np.fmin.reduce(values, initial=seen.low))
            high = float(np.fmax.reduce(values, initial=seen.high))
            seen = _Seen(attempt, seen.records + len(values), low, high)
            self._seen[run_folder, metric] = seen
        return (seen.low, seen.high) if seen.low <= seen.high else None


class _Seen(NamedTuple):
    """What was found in the records that were read."""

    attempt: int
    records: int
    low: float
    high: float
