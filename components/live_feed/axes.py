"""The x axes: steps, epochs, samples, tokens and times, over the same recorded points."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from components.charts.sampling import Places, Values, Window, column_edges
from components.live_feed.batches import Batches, batches_of, tokens_per_sample
from components.live_feed.frame import Frame
from components.live_feed.query import Axis
from components.live_feed.series_cache import Points
from engine.errors import EngineError
from engine.runs.run import Run
from engine.runs.state import RunState

_MOST_UINT16 = 2**16 - 1
_NEARLY = 1e-6
"""How far rounding may move a step."""


class NoSuchAxis(EngineError):
    """An x axis that this run has no numbers for."""


class Scale(NamedTuple):
    """x = (place - origin) / unit, where a place is a step or a time of a clock.

    With `batches` the samples up to the step take its place.
    """

    axis: Axis
    origin: float = 0.0
    unit: float = 1.0
    batches: Batches | None = None

    @property
    def is_time(self) -> bool:
        return self.axis in ("time", "wall")

    def places(self, points: Points) -> Places:
        return points.time if self.is_time else points.step

    def x_of(self, place: float) -> float:
        counted = place if self.batches is None else float(self.batches.samples(place))
        return float((counted - self.origin) / self.unit)

    def xs_of(self, places: Places) -> Values:
        """The x coordinates of many places."""
        counted = places if self.batches is None else self.batches.samples(places)
        return np.asarray((counted - self.origin) / self.unit, np.float64)

    def places_of(self, xs: Values) -> Values:
        """The places at x coordinates, which need not be whole steps."""
        counted = xs * self.unit + self.origin
        return counted if self.batches is None else self.batches.steps(counted)

    def window(self, shown: Window, places: Places, *, everything: bool) -> Window:
        """The window in places; rounding must not push the ends out of the picture."""
        low, high = (self._place_of(end) for end in shown)
        if everything and len(places):
            low, high = min(low, float(places[0])), max(high, float(places[-1]))
        return Window(low, high)

    def _place_of(self, x: float) -> float:
        place = float(self.places_of(np.array([x]))[0])
        near = round(place)
        return place if self.is_time or abs(place - near) > _NEARLY else float(near)

    def edges(self, shown: Window, columns: int, *, log: bool) -> Values:
        """The places between the pixel columns of a window."""
        return self.places_of(column_edges(shown, columns, log=log))

    def add_to(self, frame: Frame, places: Places) -> dict[str, object]:
        """Put ascending x coordinates into a frame, as whole numbers or milliseconds.

        They are told as differences of 16 bits where these suffice: x costs more than y otherwise.
        """
        if self.is_time:
            whole: NDArray[np.int64] = np.rint((places - self.origin) * 1000).astype(np.int64)
            unit = 1000.0
        else:
            counted = places if self.batches is None else np.rint(self.batches.samples(places))
            whole, unit = np.asarray(counted, np.int64), self.unit
        base = int(whole[0]) if len(whole) else 0
        jumps = np.diff(whole, prepend=base)
        small = len(jumps) == 0 or (jumps.min() >= 0 and jumps.max() <= _MOST_UINT16)
        array = jumps.astype(np.uint16) if small else (whole - base).astype(np.float64)
        return {"at": frame.add(array), "base": base, "unit": unit}


def scale(axis: Axis, run: Run, state: RunState) -> Scale:
    """How to place the points of a run on an axis.

    Raises:
        NoSuchAxis: for an axis that the run has no numbers for, with the reason.
    """
    if axis in ("step", "wall"):
        return Scale(axis)
    if axis == "time":
        if state.started_at is None:
            raise NoSuchAxis("This run has not started, so there is no time yet. Choose Step.")
        return Scale(axis, state.started_at)
    if axis == "epoch":
        if not state.steps_per_epoch:
            raise NoSuchAxis("The length of an epoch is not known here. Choose Step or Time.")
        return Scale(axis, 0.0, state.steps_per_epoch)
    return _of_samples(axis, run, state)


def _of_samples(axis: Axis, run: Run, state: RunState) -> Scale:
    batches = batches_of(run, state)
    if isinstance(batches, str):
        raise NoSuchAxis(f"How many samples were seen is not known here: {batches}. Choose Step.")
    if axis == "examples":
        return Scale(axis, batches=batches)
    tokens = tokens_per_sample(run)
    if isinstance(tokens, str):
        raise NoSuchAxis(f"How many tokens were seen is not known here: {tokens}. Choose Step.")
    return Scale(axis, unit=1 / tokens, batches=batches)
