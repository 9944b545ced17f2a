"""The marks of the runs that are looked at: a tick reads only what is new in the event log."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from threading import Lock
from typing import NamedTuple

import numpy as np

from components.charts.marks import Drawn, Kind, Mark, merged, with_next
from components.charts.sampling import Window
from components.live_feed.axes import Scale
from components.live_feed.series_cache import Points
from engine.runs.run import Run
from engine.runs.state import RunState

_RUNS_KEPT = 64


class _Log:
    """The marks of one run, as far as its event log was read."""

    def __init__(self) -> None:
        self.lock = Lock()
        self._offset = 0
        self._marks: list[Mark] = []

    def read_on(self, run: Run) -> Sequence[Mark]:
        with self.lock:
            events, self._offset = run.events(self._offset)
            for event in events:
                self._marks = with_next(self._marks, event)
            return tuple(self._marks)


class MarkCache:
    """The event logs of the runs looked at last, shared by all viewers."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[str, _Log] = OrderedDict()

    def of(self, run: Run) -> Sequence[Mark]:
        """Everything that is to be marked in the curves of a run."""
        with self._lock:
            log = self._kept.pop(run.id, None) or _Log()
            self._kept[run.id] = log
            if len(self._kept) > _RUNS_KEPT:
                self._kept.popitem(last=False)
        return log.read_on(run)


class Seen(NamedTuple):
    """How a viewer looks at a run."""

    scale: Scale
    window: Window
    kinds: Sequence[Kind]


def drawn_marks(
    marks: Sequence[Mark], state: RunState, points: Points | None, seen: Seen
) -> list[Drawn]:
    """The marks inside a window of an x axis, with one for the best model so far.

    `points` are those of any curve of the run; they tell when a step was.
    """
    chosen = [mark for mark in [*marks, *_best(state, points)] if mark.kind in seen.kinds]
    return merged(_placed(chosen, seen.scale), seen.window)


def _placed(marks: Sequence[Mark], scale: Scale) -> Iterator[tuple[float, Mark]]:
    for mark in marks:
        yield scale.x_of(mark.time if scale.is_time else mark.step), mark


def _best(state: RunState, points: Points | None) -> Iterator[Mark]:
    best = state.best
    if best is None or points is None or not len(points.step):
        return
    at = min(int(np.searchsorted(points.step, best.step)), len(points.step) - 1)
    text = f"Best {best.metric}: {best.value:.4g} at step {best.step:,}"
    yield Mark(best.step, float(points.time[at]), "best", "best", text, "best")
