"""Divergence: the one policy for a loss or gradient that is not a finite number."""

from __future__ import annotations

from typing import Literal

from engine.config.safety import DivergenceConfig, RollBackConfig, SkipConfig
from engine.errors import NonFiniteLoss

Answer = Literal["skip", "roll-back"]


class DivergencePolicy:
    """Says what is done about an update that diverged; ends the run when that did not help."""

    def __init__(self, config: DivergenceConfig) -> None:
        self._config = config
        self.skipped = 0
        """Updates left out, one after the other, until now."""

    @property
    def lr_factor(self) -> float:
        """What the learning rate is multiplied by at each roll-back."""
        return self._config.lr_factor if isinstance(self._config, RollBackConfig) else 1.0

    @property
    def rolls_back(self) -> bool:
        """Whether there must be a checkpoint from the beginning."""
        return isinstance(self._config, RollBackConfig)

    def after_good_update(self) -> None:
        """An update was made."""
        self.skipped = 0

    def after(self, diverged: NonFiniteLoss, *, rolled_back: int) -> Answer:
        """What to do now, after so many roll-backs before.

        Raises:
            NonFiniteLoss: when the run is to end.
        """
        config = self._config
        if isinstance(config, SkipConfig) and self.skipped < config.limit:
            self.skipped += 1
            return "skip"
        if isinstance(config, RollBackConfig) and rolled_back < config.limit:
            return "roll-back"
        raise diverged
