"""LearningRate: the schedule of a run, and what it must remember between the steps."""

from __future__ import annotations

from typing import Any

from engine.config.schedules import RangeTestConfig, SchedulerConfig
from engine.control import Ended
from engine.learning_rates.plateau import Plateau
from engine.learning_rates.range_test import DivergenceWatch
from engine.scheduler_factory import SchedulerFactory


class LearningRate:
    """Told of every update of a range test and of every validation; most schedules need neither."""

    def __init__(self, config: SchedulerConfig, total_steps: int) -> None:
        self.schedule = SchedulerFactory.build(config, total_steps)
        self._plateau = self.schedule if isinstance(self.schedule, Plateau) else None
        self._watch = (
            DivergenceWatch(config.divergence) if isinstance(config, RangeTestConfig) else None
        )

    @property
    def is_test(self) -> bool:
        """Whether the run is there to diverge."""
        return self._watch is not None

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
        for name, part in self._parts():
            part.load_state_dict(state[name])

    def _parts(self) -> list[tuple[str, Plateau | DivergenceWatch]]:
        parts = (("plateau", self._plateau), ("range_test", self._watch))
        return [(name, part) for name, part in parts if part is not None]
