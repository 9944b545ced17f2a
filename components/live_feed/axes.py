"""The x axes: steps, epochs and elapsed time, over the same recorded points."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from components.charts.sampling import Places, Window
from components.live_feed.frame import Frame
from components.live_feed.query import Axis
from components.live_feed.series_cache import Points
from engine.errors import EngineError
from engine.runs.state import RunState

_MOST_UINT16 = 2**16 - 1


class NoSuchAxis(EngineError):
    """An x axis that this run has no numbers for."""


class Scale(NamedTuple):
    """x = (place - origin) / unit, where a place is a step or a time of a clock."""

    axis: Axis
    origin: float
    unit: float

    def places(self, points: Points) -> Places:
        return points.time if self.axis == "time" else points.step

    def x_of(self, place: float) -> float:
        return float((place - self.origin) / self.unit)

    def place_of(self, x: float) -> float:
        return x * self.unit + self.origin

    def window(self, shown: Window, places: Places, *, everything: bool) -> Window:
        """The window in places; rounding must not push the ends out of a whole picture."""
        low, high = self.place_of(shown.low), self.place_of(shown.high)
        if everything and len(places):
            low, high = min(low, float(places[0])), max(high, float(places[-1]))
        return Window(low, high)

    def add_to(self, frame: Frame, places: Places) -> dict[str, object]:
        """Put ascending x coordinates into a frame, as whole steps or milliseconds.

        They are told as differences of 16 bits where these suffice: x costs more than y otherwise.
        """
        if self.axis == "time":
            whole = np.rint((places - self.origin) * 1000).astype(np.int64)
            unit = 1000.0
        else:
            whole, unit = np.asarray(places, np.int64), self.unit
        base = int(whole[0]) if len(whole) else 0
        jumps = np.diff(whole, prepend=base)
        small = len(jumps) == 0 or (jumps.min() >= 0 and jumps.max() <= _MOST_UINT16)
        array = jumps.astype(np.uint16) if small else (whole - base).astype(np.float64)
        return {"at": frame.add(array), "base": base, "unit": unit}


def scale(axis: Axis, state: RunState) -> Scale:
    """How to place the points of a run on an axis.

    Raises:
        NoSuchAxis: for epochs of a run without epochs, or times of one that never began.
    """
    if axis == "step":
        return Scale(axis, 0.0, 1.0)
    if axis == "epoch":
        if not state.steps_per_epoch:
            raise NoSuchAxis("The length of an epoch is not known here. Choose Step or Time.")
        return Scale(axis, 0.0, state.steps_per_epoch)
    if state.started_at is None:
        raise NoSuchAxis("This run has not started, so there is no time yet. Choose Step.")
    return Scale(axis, state.started_at, 1.0)
