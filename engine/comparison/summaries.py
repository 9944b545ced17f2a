"""The newest and the best value of metrics of many runs, read on only where a file has grown."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.comparison.chosen import Compared
from engine.runs.series import RECORD, file_stem, read_records
from engine.task_spec import Mode

_stem_of = lru_cache(maxsize=4096)(file_stem)


class At(NamedTuple):
    """A value and the step it was measured at."""

    value: float
    step: int


class Summary(NamedTuple):
    """What is known about a series without its points."""

    points: int = 0
    newest: At | None = None
    """As it was logged: NaN and infinities too."""
    lowest: At | None = None
    """Of the finite values; of equal ones the first."""
    highest: At | None = None

    def best(self, mode: Mode | None) -> At | None:
        """The best finite value; None where there is none or where nobody knows what is better."""
        return {"min": self.lowest, "max": self.highest, None: None}[mode]

    def with_more(self, records: NDArray[Any]) -> Summary:
        """The summary after these records of `RECORD`, too."""
        if not len(records):
            return self
        finite = records[np.isfinite(records["value"])]
        found = [self.lowest, self.highest]
        if len(finite):
            value = finite["value"]
            found[0] = _first(self.lowest, _at(finite[int(np.argmin(value))]), 1)
            found[1] = _first(self.highest, _at(finite[int(np.argmax(value))]), -1)
        return Summary(self.points + len(records), _at(records[-1]), found[0], found[1])


class _Seen(NamedTuple):
    attempt: int
    inode: int
    summary: Summary


class Summaries:
    """Summaries of the metrics of runs; kept, and shared by all who compare."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}

    def of(self, run: Compared, metric: str) -> Summary:
        """The summary of a metric; that of a metric that a run does not have is empty."""
        path = run.run.metrics_folder / f"{_stem_of(metric)}.bin"
        try:
            stat = os.stat(path)
        except OSError:
            return Summary()
        key, count = str(path), stat.st_size // RECORD.itemsize
        seen = self._seen.get(key)
        if seen is None or (seen.attempt, seen.inode) != (run.state.attempt, stat.st_ino):
            seen = None  # a resume may have cut the file and written on
        before = Summary() if seen is None or seen.summary.points > count else seen.summary
        if before.points < count:
            before = before.with_more(read_records(path, before.points))
        self._seen[key] = _Seen(run.state.attempt, stat.st_ino, before)
        return before


def _at(record: Any) -> At:
    return At(float(record["value"]), int(record["step"]))


def _first(old: At | None, new: At, sign: int) -> At:
    """The better of both, the older when they are equal."""
    return new if old is None or sign * new.value < sign * old.value else old
