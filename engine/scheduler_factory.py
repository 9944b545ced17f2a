"""SchedulerFactory: every schedule but one is a pure function of the step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from engine.config import schedules as configs
from engine.config.schedules import SchedulerConfig
from engine.learning_rates import schedules
from engine.learning_rates.plateau import Plateau
from engine.learning_rates.schedules import constant, cosine, linear

Schedule = Callable[[float], float]
"""Step (optimizer updates already made) -> multiplier on the peak learning rate, in 0..1."""


def _constant(config: configs.ConstantConfig, total: int) -> Schedule:
    return partial(constant, warmup=config.warmup(total))


def _linear(config: configs.LinearConfig, total: int) -> Schedule:
    return partial(linear, warmup=config.warmup(total), total=total, floor=config.floor)


def _cosine(config: configs.CosineConfig, total: int) -> Schedule:
    return partial(
        cosine,
        warmup=config.warmup(total),
        total=total,
        floor=config.floor,
        restarts=config.restarts,
    )


def _polynomial(config: configs.PolynomialConfig, total: int) -> Schedule:
    return partial(
        schedules.polynomial,
        warmup=config.warmup(total),
        total=total,
        floor=config.floor,
        power=config.power,
    )


def _exponential(config: configs.ExponentialConfig, total: int) -> Schedule:
    warmup = config.warmup(total)
    return partial(schedules.exponential, warmup=warmup, total=total, last=config.last)


def _step(config: configs.StepConfig, total: int) -> Schedule:
    return partial(
        schedules.step_drops,
        warmup=config.warmup(total),
        every=config.drop_every,
        factor=config.drop_factor,
    )


def _one_cycle(config: configs.OneCycleConfig, total: int) -> Schedule:
    return partial(
        schedules.one_cycle,
        rise=config.warmup(total),
        total=total,
        start_divisor=config.start_divisor,
        end_divisor=config.end_divisor,
    )


def _inverse_sqrt(config: configs.InverseSqrtConfig, total: int) -> Schedule:
    return partial(schedules.inverse_sqrt, warmup=config.warmup(total))


def _warmup_stable_decay(config: configs.WarmupStableDecayConfig, total: int) -> Schedule:
    return partial(
        schedules.warmup_stable_decay,
        warmup=config.warmup(total),
        decay=round(config.decay_share * total),
        total=total,
        shape=config.decay_shape,
        floor=config.floor,
    )


def _range_test(config: configs.RangeTestConfig, total: int) -> Schedule:
    return partial(schedules.range_test, total=total, start=config.start)


SCHEDULES: dict[str, Callable[[Any, int], Schedule]] = {
    "constant": _constant,
    "linear": _linear,
    "cosine": _cosine,
    "polynomial": _polynomial,
    "exponential": _exponential,
    "step": _step,
    "one-cycle": _one_cycle,
    "inverse-sqrt": _inverse_sqrt,
    "warmup-stable-decay": _warmup_stable_decay,
    "plateau": Plateau,
    "range-test": _range_test,
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
