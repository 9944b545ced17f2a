"""Observers: what programs around the Trainer are told, and how they can end a run."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from engine.control import Ended
from engine.runs.reporter import RunReporter
from engine.runs.state import Best, Status

if TYPE_CHECKING:
    from engine.training_loop import StepResult


@dataclass(frozen=True, slots=True)
class StopReason:
    """An observer's answer: save a checkpoint and end the run as stopped, for this reason."""

    text: str


@dataclass(frozen=True, slots=True)
class Started:
    """An attempt begins."""

    run_id: str
    folder: Path
    step: int
    """Updates made before, by earlier attempts."""
    total_steps: int


@dataclass(frozen=True, slots=True)
class Validated:
    """The model was measured on the held-out data."""

    step: int
    metrics: dict[str, float]
    """The task's metrics by name, without the prefix `val/`."""
    best: Best | None
    """The best so far, this validation included."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A checkpoint is whole and on the disk."""

    step: int
    folder: Path


@dataclass(frozen=True, slots=True)
class Finished:
    """The attempt is over, one way or the other."""

    status: Status
    reason: str
    step: int
    best: Best | None


class Observer(Protocol):
    """Is told facts on the training thread, between the updates; derive from it and override.

    What is slow here slows training, and what draws from the global random generators changes
    the run's numbers. An observer that raises is reported in the run's events and told no more;
    training goes on.
    """

    def on_start(self, fact: Started) -> None:
        """The first update comes next."""

    def on_step(self, result: StepResult) -> StopReason | None:
        """An update was made. Tensors are on the device, and reading one waits for it."""
        return None

    def on_validation(self, fact: Validated) -> StopReason | None:
        """The model was measured."""
        return None

    def on_checkpoint(self, fact: Saved) -> None:
        """A checkpoint was written."""

    def on_end(self, fact: Finished) -> None:
        """Nothing comes after it; the run's state is written already unless training raised."""


class Audience:
    """The observers of one attempt: tells them facts, keeps their answer, drops who fails."""

    def __init__(self, observers: Sequence[Observer], reporter: RunReporter) -> None:
        self.present = list(observers)
        self.stop: StopReason | None = None
        """The first answer that asked for the end."""
        self._reporter = reporter

    def __enter__(self) -> Audience:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Tell how the attempt ended."""
        state = self._reporter.state
        status, reason = state.status, state.reason
        if error is not None:
            status, reason = "failed", str(error) or type(error).__name__
        self._ended(Finished(status, reason, state.step, state.best))

    def obey(self) -> None:
        """Do what the observers answered.

        Raises:
            Ended: when one of them asked for the end.
        """
        if self.stop is not None:
            step = self._reporter.step
            raise Ended("stopped", f"Stopped at step {step:,}: {self.stop.text}", save=True)

    def started(self, total_steps: int) -> None:
        run = self._reporter.run
        fact = Started(run.id, run.folder, self._reporter.step, total_steps)
        self._tell(lambda observer: observer.on_start(fact))

    def stepped(self, result: StepResult) -> None:
        self._tell(lambda observer: observer.on_step(result))

    def validated(self, step: int, metrics: dict[str, float], best: Best | None) -> None:
        self._tell(lambda observer: observer.on_validation(Validated(step, {**metrics}, best)))

    def saved(self, step: int, folder: Path) -> None:
        self._tell(lambda observer: observer.on_checkpoint(Saved(step, folder)))

    def _ended(self, fact: Finished) -> None:
        self._tell(lambda observer: observer.on_end(fact))

    def _tell(self, fact: Callable[[Observer], StopReason | None]) -> None:
        for observer in tuple(self.present):
            try:
                answer = fact(observer)
            except Exception as error:  # noqa: BLE001 - any fault of theirs; written down below
                self._drop(observer, error)
            else:
                self.stop = self.stop or answer

    def _drop(self, observer: Observer, error: Exception) -> None:
        self.present.remove(observer)
        name = type(observer).__qualname__
        text = f"Observer {name} failed and is told no more; training goes on: {error!r}"
        self._reporter.event("observer", text, traceback="".join(traceback.format_exception(error)))
