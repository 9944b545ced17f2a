"""What a run is doing now: one small file, replaced whole."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict

from engine.frozen import Frozen

Status = Literal["queued", "running", "paused", "completed", "stopped", "failed", "interrupted"]
LauncherName = Literal["auto", "thread", "process", "foreground"]

ACTIVE: frozenset[Status] = frozenset({"queued", "running", "paused"})
"""Statuses of a run that is or will be worked on."""
RESUMABLE: frozenset[Status] = frozenset({"stopped", "failed", "interrupted"})
"""Statuses of a run that ended before its last step."""


class Best(Frozen):
    """The best value of the monitored metric so far and the step it was measured at."""

    metric: str
    value: float
    step: int


class RunState(Frozen):
    """What a run is doing now. Unknown is None. Times are seconds since 1970 (UTC)."""

    model_config = ConfigDict(extra="ignore")

    status: Status = "queued"
    phase: str = ""
    """What the worker is busy with, in words."""
    reason: str = ""
    """Why the run ended or waits, in words."""
    step: int = 0
    total_steps: int | None = None
    steps_per_epoch: float | None = None
    train_samples: int | None = None
    """Samples in one pass over the training data."""
    attempt: int = 0
    """How many times work on this run was begun."""
    resumed_from: int | None = None
    """The step of the checkpoint that the newest attempt began from."""
    best: Best | None = None
    launcher: LauncherName = "auto"
    device: str = ""
    threads: int | None = None
    host: str = ""
    pid: int | None = None
    queued_at: float | None = None
    started_at: float | None = None
    """When the first attempt began."""
    ended_at: float | None = None
    heartbeat: float | None = None
    trained_s: float = 0.0
    """Seconds spent in training, without pauses and interruptions."""

    @property
    def epoch(self) -> float | None:
        """Passes over the training data so far."""
        return None if self.steps_per_epoch is None else self.step / self.steps_per_epoch

    @property
    def eta_s(self) -> float | None:
        """Seconds of training still to come at the mean pace so far."""
        if not self.step or self.total_steps is None or self.trained_s <= 0:
            return None
        return (self.total_steps - self.step) * self.trained_s / self.step
