"""LearningRate: the schedule of a run, what it must remember, and what people changed about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.config.schedules import RangeTestConfig, SchedulerConfig, Warmed
from engine.control import Ended
from engine.frozen import with_changes
from engine.learning_rates.course import OPEN_ENDED, Course
from engine.learning_rates.plateau import Plateau
from engine.learning_rates.range_test import DivergenceWatch
from engine.scheduler_factory import Schedule, SchedulerFactory
from engine.steering import Act


class LearningRate:
    """Told of every update of a range test, of every validation and of every act.

    Most schedules need none of it: then `multiplier` is the pure schedule itself.
    """

    def __init__(
        self, config: SchedulerConfig, planned_steps: int, acts: Sequence[Act] = ()
    ) -> None:
        self._config, self._planned = config, planned_steps
        self.schedule = SchedulerFactory.build(config, planned_steps)
        self._plateau = self.schedule if isinstance(self.schedule, Plateau) else None
        self._watch = (
            DivergenceWatch(config.divergence) if isinstance(config, RangeTestConfig) else None
        )
        self._initial = self.state_dict()
        self.multiplier: Schedule
        """Step -> multiplier on the peak learning rate, after all acts."""
        self.follow(acts)

    @property
    def is_test(self) -> bool:
        """Whether the run is there to diverge."""
        return self._watch is not None

    def follow(self, acts: Sequence[Act]) -> None:
        """Take the acts of the run into account, all of them."""
        course = Course(self._built, self._planned, open_ended=self._config.name in OPEN_ENDED)
        course.follow(acts)
        self.multiplier = course if acts else self.schedule

    def _built(self, steps: int) -> Schedule:
        """The schedule over so many steps; the one with a memory is always the same object."""
        if self._plateau is not None or steps == self._planned:
            return self.schedule
        return SchedulerFactory.build(_anew(self._config, self._planned, steps), steps)

    def after_update(self, step: int, loss: float) -> None:
        """Take note of a step of a range test.

        Raises:
            Ended: when the test has seen enough.
        """
        if self._watch is not None and self._watch.diverged(loss):
            raise Ended("completed", self.reason(step), save=True)

    def reason(self, step: int) -> str:
        """Why a range test ended."""
        return f"The range test ended at step {step:,}, where training diverged."

    def after_validation(self, score: float) -> str | None:
        """Take note of a validation, lower is better; what was done, if anything was."""
        if self._plateau is None or not self._plateau.judge(score):
            return None
        return (
            f"Lowered the learning rate to {self._plateau.level:.4g} of its peak: validation did "
            "not improve."
        )

    def state_dict(self) -> dict[str, Any]:
        return {name: part.state_dict() for name, part in self._parts()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with a memory; a schedule that a fork has chosen anew begins without one."""
        for name, part in self._parts():
            part.load_state_dict(state.get(name, self._initial[name]))

    def _parts(self) -> list[tuple[str, Plateau | DivergenceWatch]]:
        parts = (("plateau", self._plateau), ("range_test", self._watch))
        return [(name, part) for name, part in parts if part is not None]


def _anew(config: SchedulerConfig, planned_steps: int, steps: int) -> SchedulerConfig:
    """The schedule of an extension: its warmup takes no larger share of it than of the run."""
    if not isinstance(config, Warmed) or not config.warmup_steps:
        return config
    warmup = min(config.warmup_steps, config.warmup_steps * steps // planned_steps)
    return with_changes(config, {"warmup_steps": warmup})
