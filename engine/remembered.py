"""Remembered: everything that a checkpoint must hold for a run to go on with the same bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from engine.checkpoint import Checkpoint
from engine.judge import Judge
from engine.learning_rates.learning_rate import LearningRate
from engine.reproducibility import random_states, restore_random_states
from engine.runs.record import Origin
from engine.safety.alerts import Alerts
from engine.safety.divergence import DivergencePolicy
from engine.training_loop import TrainingLoop

Contents = tuple[int, nn.Module, dict[str, Any], Mapping[str, Tensor] | None]
"""Step, model, the trainer's state, and the average of the weights where there is one."""


@dataclass(frozen=True)
class Remembered:
    """The parts of an attempt that have a memory, beside the random generators."""

    loop: TrainingLoop
    judge: Judge
    rate: LearningRate
    alerts: Alerts
    divergence: DivergencePolicy

    def contents(self, trained_s: float) -> Contents:
        """All of it, not copied."""
        loop = self.loop
        state = {
            **loop.state_dict(),
            "best": self.judge.state_dict(),
            "learning_rate": self.rate.state_dict(),
            "alerts": self.alerts.state_dict(),
            "skipped": self.divergence.skipped,
            "random": random_states(),
            "trained_s": trained_s,
        }
        average = None if loop.average is None else loop.average.tensors()
        return loop.progress.step, loop.model, state, average

    def restore(self, found: Checkpoint, origin: Origin | None) -> float:
        """Go back to a checkpoint; the seconds of training until then.

        A fork with another optimizer begins with a fresh one at its `origin`.

        Raises:
            BadCheckpoint: when it does not fit.
        """
        found.restore_model(self.loop.model)
        state: dict[str, Any] = found.trainer_state()
        if origin is not None and origin.fresh_optimizer and found.step <= origin.step:
            del state["optimizer"]
        self.loop.load_state_dict(state)
        if self.loop.average is not None:
            self.loop.average.load(found.average())
        self.judge.load_state_dict(state["best"])
        if "learning_rate" in state:  # not in checkpoints of 0.1...
            self.rate.load_state_dict(state["learning_rate"])
        if "alerts" in state:  # ...and these not in any before alerts were there
            self.alerts.load_state_dict(state["alerts"])
            self.divergence.skipped = state["skipped"]
        restore_random_states(state["random"])
        inherited = origin is not None and found.step <= origin.step
        return 0.0 if inherited else float(state["trained_s"])  # a fork's time is its own
