"""Course: the schedule of a run whose length was changed on the way; still a pure function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from engine.steering import Act

Multiplier = Callable[[float], float]
OPEN_ENDED = frozenset({"constant", "step", "inverse-sqrt", "plateau"})
"""Schedules without an end: more steps continue them and stretch nothing."""


@dataclass(frozen=True, slots=True)
class Leg:
    """The steps that one schedule is run through once."""

    first: int
    schedule: Multiplier
    steps: tuple[float, ...]
    """Steps of this leg, ascending..."""
    places: tuple[float, ...]
    """...and which place of the schedule each has; straight lines between."""

    def at(self, step: float) -> float:
        local = step - self.first
        if self.steps is self.places or local >= self.steps[-1]:  # never stretched, or at its end
            return self.schedule(local + self.places[-1] - self.steps[-1])
        return self.schedule(float(np.interp(local, self.steps, self.places)))

    def stretched(self, step: int, more: int) -> Leg:
        """What is left at a step, spread over so many more steps."""
        local = step - self.first
        kept = [at for at in self.steps if at < local]
        place = float(np.interp(local, self.steps, self.places))
        steps = (*kept, float(local), self.steps[-1] + more)
        return Leg(
            self.first, self.schedule, steps, (*self.places[: len(kept)], place, self.places[-1])
        )


class Course:
    """Step -> multiplier on the peak learning rate."""

    def __init__(
        self, build: Callable[[int], Multiplier], planned: int, *, open_ended: bool
    ) -> None:
        self._build, self._open_ended = build, open_ended
        self._legs = [self._leg(0, planned)]
        self._factors: list[tuple[int, float]] = []

    def follow(self, acts: Sequence[Act]) -> None:
        """Take acts into account, in the order of their steps."""
        for act in acts:
            if act.value is None:
                continue
            if act.act == "lr-factor":
                self._factors.append((act.step, act.value))
            elif self._open_ended:
                continue
            elif act.act == "more-steps":
                self._legs[-1] = self._legs[-1].stretched(act.step, int(act.value))
            elif act.act == "extend":
                self._legs.append(self._leg(act.step, int(act.value)))

    def __call__(self, step: float) -> float:
        leg = self._legs[0]
        for later in self._legs[1:]:
            if step >= later.first:
                leg = later
        multiplier = leg.at(step)
        for since, factor in self._factors:
            if step >= since:
                multiplier *= factor
        return multiplier

    def _leg(self, first: int, steps: int) -> Leg:
        ends = 0.0, float(steps)
        return Leg(first, self._build(steps), ends, ends)
