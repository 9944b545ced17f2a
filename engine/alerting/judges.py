"""Judges: read the points of a metric as they come and say where a condition began to hold.

A judge remembers a few numbers, never points. In which portions the points come changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.alerting.rule import Compare, Measured, NoImprovement, NotFinite

_Floats = NDArray[np.float64]
_Bools = NDArray[np.bool_]


class Points(NamedTuple):
    """Recorded points of one metric, oldest first."""

    step: NDArray[np.int64]
    time: _Floats
    value: _Floats


class Crossing(NamedTuple):
    """A condition begins to hold: at which point, and since which one it was met."""

    step: int
    time: float
    value: float
    since_step: int
    since_time: float
    best: float | None = None
    """The value that was not improved on."""


class Judge(Protocol):
    """What is remembered of a metric between two portions of its points."""

    def judge(self, points: Points) -> list[Crossing]:
        """Take note of points and give the places where the condition begins to hold."""

    def state(self) -> dict[str, Any]:
        """What to keep: plain numbers, from which `judge_of` goes on."""


def judge_of(condition: Measured, state: dict[str, Any] | None = None) -> Judge:
    """The judge of a condition, as new or as it was when its state was kept."""
    if isinstance(condition, NoImprovement):
        return _Progress(condition, **(state or {}))
    return _Streak(condition, **(state or {}))


def fits(condition: Measured, state: dict[str, Any]) -> bool:
    """Whether a state that was kept is one of such a judge, as it is today, or is empty."""
    today = judge_of(condition).state()
    numbers = all(isinstance(value, int | float | None) for value in state.values())
    return not state or (state.keys() == today.keys() and numbers)


@dataclass(slots=True)
class _Streak:
    """How long a condition on single points has been met without a break."""

    condition: Compare | NotFinite
    count: int = 0
    since_step: int = 0
    since_time: float = 0.0
    told: bool = False

    def state(self) -> dict[str, Any]:
        return _without_condition(asdict(self))

    def judge(self, points: Points) -> list[Crossing]:
        crossings = []
        for begin, end, met in _stretches(_met(self.condition, points.value)):
            if not met:
                self.count, self.told = 0, False
                continue
            if not self.count:
                self.since_step = int(points.step[begin])
                self.since_time = float(points.time[begin])
            place = None if self.told else self._enough(points, begin, end)
            if place is not None:
                self.told = True
                crossings.append(_crossing(points, place, self.since_step, self.since_time))
            self.count += end - begin
        return crossings

    def _enough(self, points: Points, begin: int, end: int) -> int | None:
        """The first point of a stretch at which it has lasted long enough."""
        amount = self.condition.amount
        if self.condition.unit == "points":
            place = begin + amount - self.count - 1
            return place if place < end else None
        if self.condition.unit == "steps":
            long_enough = points.step[begin:end] - self.since_step >= amount
        else:
            long_enough = points.time[begin:end] - self.since_time >= amount
        return _first(long_enough, begin)


@dataclass(slots=True)
class _Progress:
    """The best value so far, and since when."""

    condition: NoImprovement
    best: float | None = None
    since_step: int = 0
    since_time: float = 0.0
    told: bool = False

    def state(self) -> dict[str, Any]:
        return _without_condition(asdict(self))

    def judge(self, points: Points) -> list[Crossing]:
        crossings = []
        records = self._records(points.value)
        for begin, end in zip([0, *records], [*records, len(points.value)], strict=True):
            if begin < end and self.best is None and begin not in records:
                continue  # nothing finite yet that could be improved on
            if begin in records:
                self.best, self.told = float(points.value[begin]), False
                self.since_step = int(points.step[begin])
                self.since_time = float(points.time[begin])
            place = None if self.told else self._too_long(points, begin, end)
            if place is not None:
                self.told = True
                found = _crossing(points, place, self.since_step, self.since_time)
                crossings.append(found._replace(best=self.best))
        return crossings

    def _records(self, value: _Floats) -> list[int]:
        """Where a value is better than all before it; what is not finite is not better."""
        sign = 1.0 if self.condition.better == "lower" else -1.0
        worst = np.where(np.isfinite(value), sign * value, math.inf)
        before = np.empty(len(value) + 1)
        before[0] = math.inf if self.best is None else sign * self.best
        before[1:] = worst
        best_before = np.minimum.accumulate(before)[:-1]
        return [int(place) for place in np.flatnonzero(worst < best_before)]

    def _too_long(self, points: Points, begin: int, end: int) -> int | None:
        amount = self.condition.amount
        if self.condition.unit == "steps":
            return _first(points.step[begin:end] - self.since_step >= amount, begin)
        return _first(points.time[begin:end] - self.since_time >= 60 * amount, begin)


def _met(condition: Compare | NotFinite, value: _Floats) -> _Bools:
    """Which points meet a condition; NaN is on no side of any bound."""
    if isinstance(condition, NotFinite):
        return ~np.isfinite(value)
    match condition.is_:
        case "<":
            return value < condition.value
        case "<=":
            return value <= condition.value
        case ">":
            return value > condition.value
        case ">=":
            return value >= condition.value


def _stretches(met: _Bools) -> Iterator[tuple[int, int, bool]]:
    """Stretches of equal answers, as (begin, end, answer)."""
    if not len(met):
        return
    edges = [0, *(int(edge) + 1 for edge in np.flatnonzero(met[1:] != met[:-1])), len(met)]
    for begin, end in zip(edges, edges[1:], strict=False):
        yield begin, end, bool(met[begin])


def _first(answers: _Bools, begin: int) -> int | None:
    return begin + int(np.argmax(answers)) if answers.any() else None


def _crossing(points: Points, place: int, since_step: int, since_time: float) -> Crossing:
    at = int(points.step[place]), float(points.time[place]), float(points.value[place])
    return Crossing(*at, since_step, since_time)


def _without_condition(state: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in state.items() if name != "condition"}
