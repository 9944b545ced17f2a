"""Plateau: the one schedule that is no function of the step, but of what validation measured."""

from __future__ import annotations

import math
from typing import Any

from engine.config.schedules import PlateauConfig
from engine.learning_rates.schedules import constant


class Plateau:
    """Drops by a factor when the score has not improved in so many validations.

    As PyTorch's ReduceLROnPlateau, with an absolute smallest gain. Its state is kept in every
    checkpoint; between two validations it is a function of the step as the other schedules are.
    """

    def __init__(self, config: PlateauConfig, total_steps: int) -> None:
        self.level = 1.0
        """What the peak learning rate is multiplied by behind the warmup."""
        self._config = config
        self._warmup = config.warmup(total_steps)
        self._best = math.inf
        self._stale = 0
        self._cooling = 0

    def __call__(self, step: float) -> float:
        return constant(step, warmup=self._warmup) * self.level

    def judge(self, score: float) -> bool:
        """Take note of a validation, lower is better; whether the learning rate drops now."""
        config = self._config
        gained = self._best - score > config.smallest_gain  # never with NaN
        if gained:
            self._best = score
        cooling, self._cooling = self._cooling > 0, max(0, self._cooling - 1)
        self._stale = 0 if gained or cooling else self._stale + 1
        if self._stale < config.drop_patience or self.level <= config.floor:
            return False
        self.level = max(config.floor, self.level * config.drop_factor)
        self._stale, self._cooling = 0, config.cooldown
        return True

    def state_dict(self) -> dict[str, Any]:
        return {
            "level": self.level,
            "best": self._best,
            "stale": self._stale,
            "cooling": self._cooling,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.level, self._best = state["level"], state["best"]
        self._stale, self._cooling = state["stale"], state["cooling"]
