"""Metric series in memory, shared by all viewers: a tick reads only what is new in the files."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from components.charts.sampling import Extrema, Indices, Values, extrema
from components.charts.smoothing import Smoother
from engine.runs.run import Run
from engine.runs.series import Cursor, Series

Kind = TypeVar("Kind", bound=np.generic)

BOUND_BYTES = 1024**3
"""Some 25 million points: 60 runs of 100,000 steps with four curves each."""
_MOST_STEPS = 2**53
WEIGHTS_KEPT = 3
"""Smoothed copies of one series that are kept; viewers may smooth differently."""


class Layer(NamedTuple):
    """Values as they are drawn, with the index that makes sampling them quick."""

    values: Values
    blocks: Extrema


class Points(NamedTuple):
    """A series as it was at one moment; later points never change it."""

    attempt: int
    step: Indices
    time: Values
    """Seconds since 1970, never falling: a clock that was set back repeats its last time."""
    raw: Layer
    smooth: Layer | None
    out_of_order: int = 0
    """Points that were left out because they lie before one that was written earlier."""


class _Growing(Generic[Kind]):
    """An array that is appended to in constant time per point."""

    def __init__(self, dtype: type[Kind]) -> None:
        self._room: NDArray[Kind] = np.empty(0, dtype)
        self._size = 0

    def append(self, part: NDArray[Kind]) -> None:
        size = self._size + len(part)
        if size > len(self._room):
            room = np.empty(max(size, len(self._room) * 9 // 8, 64), self._room.dtype)
            room[: self._size] = self._room[: self._size]
            self._room = room
        self._room[self._size : size] = part
        self._size = size

    def view(self) -> NDArray[Kind]:
        return self._room[: self._size]

    @property
    def nbytes(self) -> int:
        return self._room.nbytes


class _Track:
    """Values of one layer, with the extrema of their whole blocks."""

    def __init__(self, values: type[np.float64] | type[np.float32] = np.float64) -> None:
        self._values = _Growing[Any](values)
        self._low, self._high = _Growing(np.float64), _Growing(np.float64)
        self._low_at, self._high_at = _Growing(np.int64), _Growing(np.int64)

    def append(self, values: Values) -> None:
        self._values.append(values)
        fresh = extrema(self._values.view(), first_block=len(self._low.view()))
        self._low.append(fresh.low)
        self._high.append(fresh.high)
        self._low_at.append(fresh.low_at)
        self._high_at.append(fresh.high_at)

    def layer(self) -> Layer:
        low, high = self._low.view(), self._high.view()
        return Layer(
            self._values.view(), Extrema(low, high, self._low_at.view(), self._high_at.view())
        )

    @property
    def nbytes(self) -> int:
        parts = self._low, self._high, self._low_at, self._high_at
        return self._values.nbytes + sum(part.nbytes for part in parts)


def _in_order(steps: Indices, before: Indices) -> NDArray[np.bool_]:
    """Which points go on where the ones before stopped: damage and second writers do not."""
    possible = (steps >= 0) & (steps <= _MOST_STEPS)
    known = np.concatenate([before, np.where(possible, steps, 0)])
    reached = np.maximum.accumulate(known)[len(before) :]
    ordered: NDArray[np.bool_] = possible & (steps >= reached)
    return ordered


class _CachedSeries:
    """One metric of one run, as far as it was read."""

    def __init__(self) -> None:
        self.lock = Lock()
        self._start_over()

    def _start_over(self) -> None:
        self._cursor: Cursor | None = None
        self._step = _Growing(np.int64)
        self._time = _Growing(np.float64)
        self._raw = _Track()
        self._out_of_order = 0
        self._smooth: OrderedDict[float, tuple[Smoother, _Track]] = OrderedDict()

    def update(self, run: Run, metric: str, weight: float) -> Points:
        """Read what is new and give everything; weight 0 asks for no smoothed layer."""
        with self.lock:
            fresh = run.series(metric, since=self._cursor)
            if fresh.restarted:
                self._start_over()
            self._cursor = fresh.cursor
            if len(fresh.value):
                self._append(fresh)
            smooth = self._smoothed(weight) if weight else None
            return Points(
                fresh.cursor.attempt,
                self._step.view(),
                self._time.view(),
                self._raw.layer(),
                smooth,
                self._out_of_order,
            )

    def _append(self, fresh: Series) -> None:
        placed = _in_order(fresh.step, self._step.view()[-1:])
        self._out_of_order += len(placed) - int(placed.sum())
        times = np.where(np.isfinite(fresh.time), fresh.time, np.nan)[placed]
        before = self._time.view()[-1:]
        if not len(before):
            before = times[~np.isnan(times)][:1]
        risen = np.fmax.accumulate(np.concatenate([before, times]))
        self._time.append(risen[len(before) :])
        self._step.append(fresh.step[placed])
        self._raw.append(fresh.value[placed])

    def _smoothed(self, weight: float) -> Layer:
        smoother, track = self._smooth.setdefault(weight, (Smoother(weight), _Track(np.float32)))
        values = self._raw.layer().values
        done = len(track.layer().values)
        if done < len(values):
            track.append(smoother.extend(values[done:]))
        self._smooth.move_to_end(weight)
        if len(self._smooth) > WEIGHTS_KEPT:
            self._smooth.popitem(last=False)
        return track.layer()

    @property
    def nbytes(self) -> int:
        tracks = [self._raw, *(track for _, track in tuple(self._smooth.values()))]
        return self._step.nbytes + self._time.nbytes + sum(track.nbytes for track in tracks)


class SeriesCache:
    """The least recently watched series are dropped when the bound is passed."""

    def __init__(self, bound_bytes: int = BOUND_BYTES) -> None:
        self._bound_bytes = bound_bytes
        self._lock = Lock()
        self._kept: OrderedDict[tuple[str, str], _CachedSeries] = OrderedDict()

    def points(self, run: Run, metric: str, weight: float = 0.0) -> Points:
        """The whole series of a metric, empty for one that was never logged."""
        key = run.id, metric
        with self._lock:
            series = self._kept.pop(key, None) or _CachedSeries()
            self._kept[key] = series
        points = series.update(run, metric, weight)
        if len(points.step) == 0:
            with self._lock:
                self._kept.pop(key, None)
        return points

    def trim(self) -> None:
        """Drop the longest unwatched series until the bound holds."""
        with self._lock:
            size = self.nbytes
            while size > self._bound_bytes and len(self._kept) > 1:
                _, dropped = self._kept.popitem(last=False)
                size -= dropped.nbytes

    @property
    def nbytes(self) -> int:
        return sum(series.nbytes for series in self._kept.values())
