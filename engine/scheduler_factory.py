"""SchedulerFactory: every schedule is a pure function of the step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from engine.training_config import ConstantConfig, CosineConfig, LinearConfig, SchedulerConfig

Schedule = Callable[[int], float]
"""Step (optimizer updates already made) -> multiplier on the peak learning rate, in 0..1."""


def warmed_up(step: int, warmup: int) -> float | None:
    """The multiplier during a linear warmup, ``(step + 1) / warmup``; None behind it."""
    return (step + 1) / warmup if step < warmup else None


def constant(step: int, *, warmup: int) -> float:
    """A linear warmup, then 1."""
    rising = warmed_up(step, warmup)
    return 1.0 if rising is None else rising


def linear(step: int, *, warmup: int, total: int, floor: float = 0.0) -> float:
    """A linear warmup, then a straight line down to ``floor`` at step ``total``."""
    rising = warmed_up(step, warmup)
    if rising is not None:
        return rising
    return floor + (1 - floor) * (1 - progress(step, warmup, total))


def cosine(step: int, *, warmup: int, total: int, floor: float = 0.0) -> float:
    """A linear warmup, then half a cosine down to ``floor`` (Loshchilov and Hutter, 2017)."""
    rising = warmed_up(step, warmup)
    if rising is not None:
        return rising
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress(step, warmup, total)))


def progress(step: int, warmup: int, total: int) -> float:
    """How much of the way from the end of the warmup to ``total`` is done, in 0..1."""
    return min(1.0, (step - warmup) / max(1, total - warmup))


def _constant(config: ConstantConfig, total: int) -> Schedule:
    return lambda step: constant(step, warmup=config.warmup_steps)


def _linear(config: LinearConfig, total: int) -> Schedule:
    return lambda step: linear(step, warmup=config.warmup_steps, total=total, floor=config.floor)


def _cosine(config: CosineConfig, total: int) -> Schedule:
    return lambda step: cosine(step, warmup=config.warmup_steps, total=total, floor=config.floor)


SCHEDULES: dict[str, Callable[[Any, int], Schedule]] = {
    "constant": _constant,
    "linear": _linear,
    "cosine": _cosine,
}


class SchedulerFactory:
    """Builds the schedule that a config names."""

    @staticmethod
    def build(config: SchedulerConfig, total_steps: int) -> Schedule:
        """The schedule over a run of ``total_steps`` optimizer updates."""
        return SCHEDULES[config.name](config, total_steps)


def multiplier(config: SchedulerConfig, step: int, total_steps: int) -> float:
    """What the schedule multiplies the peak learning rate by at a step."""
    return SchedulerFactory.build(config, total_steps)(step)
