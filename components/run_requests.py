"""What can be asked of a run in its present status, and how it is said while it is waited for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, TypeAlias

from engine.runs.requests import Plain
from engine.runs.state import RESUMABLE, RunState, Status
from engine.steering import wish

Action: TypeAlias = Plain | Literal["steer", "unqueue"]
"""`resume` ends a pause, or puts an ended run back into the queue; `steer` is any act of it."""

_POSSIBLE: dict[Action, frozenset[Status]] = {
    "pause": frozenset({"running"}),
    "resume": RESUMABLE | {"paused"},
    "stop": frozenset({"running", "paused"}),
    "stop-and-save": frozenset({"running", "paused"}),
    "interrupt": frozenset({"running", "paused"}),
    "checkpoint": frozenset({"running", "paused"}),
    "validate": frozenset({"running", "paused"}),
    "steer": frozenset({"running", "paused"}),
    "unqueue": frozenset({"queued"}),
}

_DOING: dict[str, str] = {
    "pause": "pausing…",
    "resume": "resuming…",
    "stop": "stopping…",
    "stop-and-save": "saving and stopping…",
    "interrupt": "saving and stopping…",
    "checkpoint": "checkpoint asked for…",
    "validate": "validation asked for…",
    "unqueue": "leaving the queue…",
}

_ANSWERS = frozenset({"steered", "refused"})
"""Kinds of events with which a worker answers an act of steering."""

_FORGET_S = 120.0
"""After so long a request that changed nothing is no longer shown as being worked on."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of a run, and how things stood then."""

    run_id: str
    request: str
    """A `Request`, or `unqueue`."""
    status: Status
    events: int
    """How many lines its event log had."""
    at: float

    def is_done(self, state: RunState, news: Collection[str], now: float) -> bool:
        """Whether the run has answered: another status, or `news`, the kinds of events since."""
        if state.status != self.status or now - self.at > _FORGET_S:
            return True
        if self.request == "validate":
            return state.phase == "validating" or now - self.at > 2.0
        if self.request == "checkpoint":
            return bool(news)
        return wish(self.request) is not None and not _ANSWERS.isdisjoint(news)


def is_offered(action: Action, status: Status) -> bool:
    """Whether an action makes sense for runs of that status at all."""
    return status in _POSSIBLE[action]


def refusal(action: Action, status: Status, *, in_memory: bool) -> str:
    """Why an action that makes sense is not possible; empty when it is."""
    if action == "resume" and in_memory and status in RESUMABLE:
        return "The model was handed over as an object; only the program that did so can resume it."
    return ""


def doing(request: str) -> str:
    """What to show between asking and the run's answer."""
    if request in _DOING:
        return _DOING[request]
    wanted = wish(request)
    assert wanted is not None, request
    act, value = wanted
    number = "off" if value is None else f"{value:,.6g}"
    match act:
        case "lr-factor":
            return f"learning rate × {number} asked for…"
        case "more-steps":
            return f"{number} more steps asked for…"
        case _:
            return f"{act} {number} asked for…"
