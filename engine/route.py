"""Route: how long a run goes, at which learning rates, and what is still to be done on the way."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path

from engine.learning_rates.learning_rate import LearningRate
from engine.steering import Act, Steering
from engine.training_config import TrainingConfig


class Route:
    """All of it follows from the configuration and the acts in the run folder."""

    def __init__(self, folder: Path, config: TrainingConfig, planned_steps: int) -> None:
        self._config, self._planned = config, planned_steps
        self._steering = Steering(folder)
        self._ahead: deque[Act] = deque()
        self.rate = LearningRate(config.scheduler, planned_steps, self._steering.acts)
        self._follow()

    def begin(self, step: int, *, validated: bool) -> None:
        """Go on from a step; what was done behind it in an earlier attempt is done again.

        At the step itself only a validation whose numbers are not there.
        """
        here = () if validated else self._steering.between(step - 1, step)
        again = [act for act in here if act.act == "validate"]
        self._ahead = deque([*again, *self._steering.between(step, self.total_steps)])

    def due(self, step: int) -> Iterator[Act]:
        """What is to be done again before the next update."""
        while self._ahead and self._ahead[0].step <= step:
            yield self._ahead.popleft()

    def add(self, act: Act) -> None:
        """Write an act down and let it hold.

        Raises:
            OSError: when it cannot be written; then nothing has changed.
        """
        self._steering.add(act)
        self._follow()

    def is_last(self, step: int) -> bool:
        """Whether the run ends at this step, or ended here before it was extended."""
        return step == self.total_steps or step in self._extended_at

    def was_extended_at(self, step: int) -> bool:
        """Whether the run had ended at this step and goes on."""
        return step in self._extended_at

    def patience(self, step: int) -> int | None:
        """Validations without improvement after which the run stops; None for never."""
        return self._steering.patience(step, self._config.early_stopping.patience)

    @property
    def rolled_back(self) -> int:
        """How often the run went back because it diverged."""
        return self._steering.made("divergence")

    def _follow(self) -> None:
        self.rate.follow(self._steering.acts)
        self._extended_at = {act.step for act in self._steering.acts if act.act == "extend"}
        self.total_steps = self._steering.total_steps(self._planned)
        limit, extended = self._config.length.max_minutes, self._steering.last_extension()
        before_s = extended.trained_s if extended else 0.0
        self.ends_at_s = None if limit is None else before_s + 60 * limit
        """Seconds of training after which the run ends; an extension gets the time anew."""
