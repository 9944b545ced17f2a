"""The schedules as formulas: pure functions of the step, multiplying the peak learning rate."""

from __future__ import annotations

import math
from typing import Literal


def warmed_up(step: float, warmup: int) -> float | None:
    """The multiplier during a linear warmup, ``(step + 1) / warmup``; None behind it."""
    return (step + 1) / warmup if step < warmup else None


def progress(step: float, warmup: int, total: int) -> float:
    """How much of the way from the end of the warmup to ``total`` is done, in 0..1."""
    return min(1.0, (step - warmup) / max(1, total - warmup))


def half_cosine(done: float) -> float:
    """From 1 to 0 along half a cosine, for a share of the way in 0..1."""
    return 0.5 * (1 + math.cos(math.pi * done))


def constant(step: float, *, warmup: int) -> float:
    """A linear warmup, then 1."""
    rising = warmed_up(step, warmup)
    return 1.0 if rising is None else rising


def linear(step: float, *, warmup: int, total: int, floor: float = 0.0) -> float:
    """A linear warmup, then a straight line down to ``floor`` at step ``total``."""
    return polynomial(step, warmup=warmup, total=total, floor=floor, power=1.0)


def cosine(step: float, *, warmup: int, total: int, floor: float = 0.0, restarts: int = 0) -> float:
    """A linear warmup, then ``restarts + 1`` equal half cosines, each from 1 to ``floor``.

    Loshchilov and Hutter, "SGDR" (2017), equation 5, with all periods of one length.
    """
    rising = warmed_up(step, warmup)
    if rising is not None:
        return rising
    done = progress(step, warmup, total)
    within = 1.0 if done == 1 else done * (restarts + 1) % 1
    return floor + (1 - floor) * half_cosine(within)


def polynomial(step: float, *, warmup: int, total: int, floor: float, power: float) -> float:
    """A linear warmup, then ``floor + (1 - floor) * (1 - progress) ** power``.

    The "poly" policy of Chen and others, "DeepLab" (2017), section 4.1, with a floor.
    """
    rising = warmed_up(step, warmup)
    if rising is not None:
        return rising
    return floor + (1 - floor) * math.pow(1 - progress(step, warmup, total), power)


def exponential(step: float, *, warmup: int, total: int, last: float) -> float:
    """A linear warmup, then ``last ** progress``: the same factor a step."""
    rising = warmed_up(step, warmup)
    return math.pow(last, progress(step, warmup, total)) if rising is None else rising


def step_drops(step: float, *, warmup: int, every: int, factor: float) -> float:
    """A linear warmup, then ``factor ** floor((step - warmup) / every)``."""
    rising = warmed_up(step, warmup)
    return math.pow(factor, (step - warmup) // every) if rising is None else rising


def one_cycle(
    step: float, *, rise: int, total: int, start_divisor: float, end_divisor: float
) -> float:
    """Half a cosine from ``1 / start_divisor`` up to 1 at step ``rise``, then one down to the
    start divided by ``end_divisor`` at the last step.

    Smith and Topin, "Super-Convergence" (2018), with the cosines of fastai and PyTorch; momentum
    is left alone.
    """
    first = 1 / start_divisor
    if step < rise:
        return 1 + (first - 1) * half_cosine(step / rise)
    last = first / end_divisor
    return last + (1 - last) * half_cosine(progress(step, rise, total - 1))


def inverse_sqrt(step: float, *, warmup: int) -> float:
    """A linear warmup, then ``sqrt(warmup / step)``.

    Vaswani and others, "Attention Is All You Need" (2017), equation 3, divided by its peak.
    """
    rising = warmed_up(step, warmup)
    least = max(1, warmup)
    return math.sqrt(least / max(step, least)) if rising is None else rising


DecayShape = Literal["linear", "cosine", "sqrt"]


def warmup_stable_decay(
    step: float, *, warmup: int, decay: int, total: int, shape: DecayShape, floor: float
) -> float:
    """A linear warmup, then 1, and over the last ``decay`` steps down to ``floor``.

    Hu and others, "MiniCPM" (2024); the shape ``1 - sqrt`` is the best of those that Haegele and
    others compare in "Scaling Laws and Compute-Optimal Training" (2024), section 3.
    """
    begin = max(warmup, total - decay)
    if step < begin:
        return constant(step, warmup=warmup)
    done = progress(step, begin, total)
    left = {"linear": 1 - done, "cosine": half_cosine(done), "sqrt": 1 - math.sqrt(done)}
    return floor + (1 - floor) * left[shape]


def range_test(step: float, *, total: int, start: float) -> float:
    """From ``start`` up to 1 at the last step, by the same factor a step.

    Smith, "Cyclical Learning Rates" (2017), section 3.3, with the exponential rise of fastai.
    """
    return math.pow(start, 1 - min(1.0, step / max(1, total - 1)))
