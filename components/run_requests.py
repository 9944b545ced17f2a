"""What can be asked of a run in its present status, and how it is said while it is waited for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.runs.requests import Request
from engine.runs.state import RESUMABLE, RunState, Status

Action = Request | Literal["unqueue"]
"""`resume` ends a pause, or puts an ended run back into the queue."""

_POSSIBLE: dict[Action, frozenset[Status]] = {
    "pause": frozenset({"running"}),
    "resume": RESUMABLE | {"paused"},
    "stop": frozenset({"running", "paused"}),
    "stop-and-save": frozenset({"running", "paused"}),
    "interrupt": frozenset({"running", "paused"}),
    "checkpoint": frozenset({"running", "paused"}),
    "validate": frozenset({"running", "paused"}),
    "unqueue": frozenset({"queued"}),
}

_WHY_NOT: dict[Status, str] = {
    "queued": "The run waits in the queue; it has not begun.",
    "running": "The run is running.",
    "paused": "The run is paused.",
    "completed": "The run has made all its steps.",
    "stopped": "The run was stopped; resume it first.",
    "failed": "The run failed; resume it first.",
    "interrupted": "The run was interrupted; resume it first.",
}

_DOING: dict[Action, str] = {
    "pause": "pausing…",
    "resume": "resuming…",
    "stop": "stopping…",
    "stop-and-save": "saving and stopping…",
    "interrupt": "saving and stopping…",
    "checkpoint": "checkpoint asked for…",
    "validate": "validation asked for…",
    "unqueue": "leaving the queue…",
}

_FORGET_S = 120.0
"""After so long a request that changed nothing is no longer shown as being worked on."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An action that was asked of a run, and how things stood then."""

    run_id: str
    action: Action
    status: Status
    events: int
    at: float

    def is_done(self, state: RunState, events: int, now: float) -> bool:
        """Whether the run has answered: another status, or a new line in its event log."""
        if state.status != self.status or now - self.at > _FORGET_S:
            return True
        if self.action == "validate":
            return state.phase == "validating" or now - self.at > 2.0
        return self.action == "checkpoint" and events > self.events


def refusal(action: Action, state: RunState, *, in_memory: bool = False) -> str:
    """Why an action is not possible now; empty when it is."""
    if state.status not in _POSSIBLE[action]:
        return _WHY_NOT[state.status]
    if action == "resume" and in_memory and state.status in RESUMABLE:
        return "The model was handed over as an object; only the program that did so can resume it."
    return ""


def doing(action: Action) -> str:
    """What to show between asking and the run's answer."""
    return _DOING[action]
