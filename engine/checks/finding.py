"""Finding: what a check before the start has to say; Case: what it looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from engine.data.specs import DataFacts
from engine.errors import Problem
from engine.estimate import Estimate
from engine.machine import MachineFacts
from engine.run_spec import RunSpec


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong (error: the run would fail) or probably not meant (warning)."""

    severity: Literal["error", "warning"]
    problem: Problem


@dataclass(frozen=True, slots=True)
class Case:
    """A run that is about to start, with all that is known about it."""

    spec: RunSpec
    facts: DataFacts
    machine: MachineFacts
    estimate: Estimate

    @property
    def device(self) -> str:
        """The type of device that will be used, as 'auto' chooses."""
        wanted = self.spec.training.hardware.device
        return self.machine.devices()[-1] if wanted == "auto" else wanted


Check = Callable[[Case], Iterator[Finding]]


def error(path: str, message: str, got: object = "", remedy: str = "") -> Finding:
    """The run would fail."""
    return Finding("error", Problem(path, message, str(got), remedy))


def warning(path: str, message: str, got: object = "", remedy: str = "") -> Finding:
    """The run would do something that is probably not meant."""
    return Finding("warning", Problem(path, message, str(got), remedy))
