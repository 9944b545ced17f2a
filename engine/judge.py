"""Judge: measures and shows the model, decides what is best and when patience has run out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from torch import nn

from engine.averaging import WeightAverage
from engine.best import BestSoFar
from engine.evaluators import Evaluator
from engine.metrics import NOTHING as NOTHING_KNOWN
from engine.metrics import Known
from engine.reproducibility import random_states, restore_random_states
from engine.runs.state import Best
from engine.task_spec import TaskSpec
from engine.training_config import TrainingConfig
from engine.training_loop import ValidationLoop

Sampler = Callable[[nn.Module, int], object]
"""(model, how many) -> samples to show, as plain data."""


@dataclass(frozen=True)
class Beside:
    """What is known of a run beside model, configuration and data; everything is optional."""

    sampler: Sampler | None = None
    """What to show of the model at each validation."""
    evaluator: Evaluator | None = None
    """What to measure beside the outputs for the held-out batches."""
    known: Known = NOTHING_KNOWN
    """Facts about the data that some metrics need."""
    flops_per_sample: float | None = None
    """Floating-point operations of a training step a sample, forward and backward."""


NOTHING = Beside()


@dataclass(frozen=True)
class Verdict:
    """What a validation gave."""

    metrics: dict[str, float]
    """The task's metrics by name, without the prefix `val/`."""
    report: dict[str, Any] | None
    """Confusions and the like, to be looked at."""
    samples: object | None


class Judge:
    """Validates without a trace in the model or the random numbers."""

    def __init__(
        self,
        validation: ValidationLoop | None,
        config: TrainingConfig,
        task: TaskSpec,
        beside: Beside = NOTHING,
    ) -> None:
        monitor = config.evaluation.monitor
        self._validation, self._beside = validation, beside
        self._samples = config.evaluation.samples
        self._best = BestSoFar(
            monitor,
            task.modes()[monitor],
            config.early_stopping.min_delta,
            keep=config.checkpointing.keep_best,
        )
        self.validated_step: int | None = None
        """The step of the newest validation that was judged."""

    @property
    def best(self) -> Best | None:
        return self._best.best

    @property
    def kept_steps(self) -> frozenset[int]:
        """Steps of the validations whose checkpoints are kept."""
        return self._best.kept_steps

    def look(self, model: nn.Module, average: WeightAverage | None) -> Verdict | None:
        """Measure and show the model; None when nothing is held out."""
        if self._validation is None:
            return None
        before = random_states()
        try:
            with average.judged() if average else nullcontext():
                return self._look(self._validation, model)
        finally:
            restore_random_states(before)

    def _look(self, validation: ValidationLoop, model: nn.Module) -> Verdict:
        measured = validation.evaluate(model)
        metrics = measured.compute()
        if self._beside.evaluator and metrics:
            metrics |= self._beside.evaluator.measure(model)
        samples = None
        if self._beside.sampler and self._samples:
            samples = self._beside.sampler(model, self._samples)
        return Verdict(metrics, measured.report(), samples)

    def judge(self, step: int, metrics: dict[str, float]) -> float:
        """Take note of a validation; its score, lower is better."""
        self.validated_step = step
        self._best.judge(step, metrics)
        return self._best.score(metrics)

    def is_kept(self, step: int) -> bool:
        """Whether this step's model is among the best that are kept."""
        return self._best.is_kept(step)

    def forgive(self) -> None:
        """Begin to count anew how long nothing has improved."""
        self._best.stale = 0

    def impatient(self, patience: int | None) -> str:
        """Why training is to stop; empty when it is not."""
        if patience is None or self._best.stale < patience:
            return ""
        return f"Stopped early: {self._best.in_words()}."

    def state_dict(self) -> dict[str, Any]:
        return self._best.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._best.load_state_dict(state)
