"""Pace: at which steps a checkpoint is due."""

from __future__ import annotations

from fractions import Fraction

from engine.training_config import CheckpointingConfig

_SECONDS_A_MINUTE = 60.0
_MOST_PARTS = 10_000
"""An update takes at most so many batches, so an epoch is a multiple of that part of an update."""


class Pace:
    """Says when a checkpoint is due: after so many steps, passes over the data, or minutes.

    Where nothing is configured none is ever due; that at the end of a run is made anyway.
    """

    def __init__(self, config: CheckpointingConfig, steps_per_epoch: float | None) -> None:
        self._every_steps = config.every_steps
        self._interval = epoch_interval(config.every_epochs, steps_per_epoch)
        self._every_s = (
            None if config.every_minutes is None else config.every_minutes * _SECONDS_A_MINUTE
        )
        self._saved_s: float | None = None

    def due(self, step: int, trained_s: float) -> bool:
        """Whether one is due behind this step; to be asked at every step.

        The minutes count from the first question, then from what `saved` was told.
        """
        if self._saved_s is None:
            self._saved_s = trained_s
        if self._every_steps is not None and step % self._every_steps == 0:
            return True
        if self._interval is not None and crosses(self._interval, step):
            return True
        return self._every_s is not None and trained_s - self._saved_s >= self._every_s

    def saved(self, trained_s: float) -> None:
        """Count the minutes anew: a checkpoint was made, due or not."""
        self._saved_s = trained_s


def epoch_interval(every_epochs: float | None, steps_per_epoch: float | None) -> Fraction | None:
    """Steps between two checkpoints as an exact fraction: 0.1 epochs of 30 steps are 3 of them,
    which no product of floats says."""
    if every_epochs is None or steps_per_epoch is None:
        return None
    return Fraction(repr(every_epochs)) * Fraction(steps_per_epoch).limit_denominator(_MOST_PARTS)


def crosses(interval: Fraction, step: int) -> bool:
    """Whether a multiple of the interval lies behind the step before, up to this step."""
    over, under = interval.denominator, interval.numerator
    return step * over // under > (step - 1) * over // under
