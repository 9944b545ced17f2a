"""Control: obeys the requests that are left in a run folder, and waits when the disk is full."""

from __future__ import annotations

import math
import time
from typing import Protocol

from engine.runs.reporter import RunReporter
from engine.runs.requests import Request
from engine.runs.state import Status
from engine.steering import ActName, wish

_WAIT_S, _LONGEST_WAIT_S = 0.05, 2.0
_AGAIN_S = 1.0
"""A write that fails so soon after there was space again is the same trouble."""


class Ended(Exception):
    """Training ends before its last step, because somebody or something asked for it."""

    def __init__(self, status: Status, reason: str, *, save: bool) -> None:
        super().__init__(reason)
        self.status: Status = status
        self.reason = reason
        self.save = save


class Controlled(Protocol):
    """What can be asked of training between two updates."""

    def save(self) -> bool:
        """Make a checkpoint unless this step has one; whether it was made."""

    def steer(self, name: ActName, value: float | None) -> None:
        """Change the run from here on, or do something once, so that a resume does the same."""

    def settle(self) -> None:
        """Wait until a checkpoint that is being written is whole."""

    def can_write(self) -> bool:
        """Whether what waits to be written could be written just now."""


class Control:
    """Turns requests into acts, each shown in the state and in the event log."""

    def __init__(self, reporter: RunReporter, training: Controlled) -> None:
        self._reporter = reporter
        self._training = training
        self._released_at = -math.inf
        self._wait_s = _WAIT_S

    def obey_all(self) -> None:
        """Obey what was asked since the last call, in order.

        Raises:
            Ended: when it was to end.
        """
        while self._reporter.pending:
            self._obey(self._reporter.pending.popleft())

    def hold_for_disk(self, error: OSError) -> None:
        """Wait for disk space; nothing is lost, and training goes on by itself afterwards.

        Raises:
            Ended: when it was to end meanwhile.
        """
        before = self._reporter.state
        again = time.monotonic() - self._released_at < _AGAIN_S  # there was space, but too little
        self._wait_s = min(2 * self._wait_s, _LONGEST_WAIT_S) if again else _WAIT_S
        reason = (
            f"Writing to the run folder failed ({error.strerror or error}). Training waits and "
            "goes on by itself as soon as there is space."
        )
        self._halt("disk", reason, tell=not again)
        self._wait_for_space()
        self._released_at = time.monotonic()
        if before.status == "paused":  # it was paused already, and stays so
            self._reporter.change(status="paused", reason=before.reason)
        else:
            self._go_on("Writing works again; training goes on.", tell=not again)

    def _wait_for_space(self) -> None:
        """At least one moment, so that a write that fails at once is not tried without end."""
        postponed: list[Request] = []
        while True:
            time.sleep(self._wait_s)
            while self._reporter.pending:
                request = self._reporter.pending.popleft()
                self._end_unsaved(request)
                postponed.append(request)
            if self._training.can_write():
                break
        self._reporter.pending.extendleft(reversed(postponed))

    def _obey(self, request: Request) -> None:
        step = self._reporter.step
        match request:
            case "stop":
                raise Ended("stopped", f"Stopped at step {step:,} on request.", save=False)
            case "stop-and-save":
                raise Ended("stopped", f"Stopped and saved at step {step:,}.", save=True)
            case "interrupt":
                reason = f"The server or terminal was closed; saved at step {step:,}."
                raise Ended("interrupted", reason, save=True)
            case "pause":
                self._pause()
            case "resume":
                pass  # it runs already
            case _:
                wanted = wish(request)
                assert wanted is not None, "requests are read with the same table"
                self._training.steer(*wanted)

    def _pause(self) -> None:
        """Wait, with everything saved, until asked to go on or to end."""
        self._training.save()
        self._training.settle()
        self._halt("paused", "Paused on request.")
        pending = self._reporter.pending
        while True:
            while not pending:
                time.sleep(_WAIT_S)
            request = pending.popleft()
            if request == "resume":
                break
            if request != "pause":
                self._obey(request)
        self._go_on("Continued after the pause.")

    def _halt(self, kind: str, reason: str, *, tell: bool = True) -> None:
        self._reporter.run_clock(False)
        self._reporter.change(status="paused", phase="", reason=reason)
        if tell:
            self._reporter.event(kind, reason)

    def _go_on(self, text: str, *, tell: bool = True) -> None:
        self._reporter.change(status="running", phase="training", reason="")
        if tell:
            self._reporter.event("continued", text)
        self._reporter.run_clock(True)

    def _end_unsaved(self, request: Request) -> None:
        """On a full disk the only wish that can be met is to end."""
        if request in ("stop", "stop-and-save", "interrupt"):
            reason = (
                f"Ended at step {self._reporter.step:,} on a full disk; resuming goes back to "
                "the last checkpoint."
            )
            raise Ended("interrupted", reason, save=False)
