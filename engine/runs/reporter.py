"""RunReporter: what the owner of a run does beside training: heartbeat, state, requests."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.errors import DamagedRun, EngineError
from engine.runs.files import write_new
from engine.runs.requests import Request
from engine.runs.run import Run
from engine.runs.state import ACTIVE, RESUMABLE, LauncherName, RunState, Status

_log = logging.getLogger(__name__)
_POLL_S = 0.1
_BEAT_S = 0.5
_RESERVE_BYTES = 65_536
_WAIT_S = 0.2
_ENDS: dict[Request, Status] = {
    "stop": "stopped",
    "stop-and-save": "stopped",
    "interrupt": "interrupted",
}
"""Requests that are obeyed even before a run has begun."""


class RunReporter:
    """Keeps state.json true while a run is worked on and gathers the requests left for it.

    The training thread only sets ``step`` and asks ``pending``; a thread of its own writes.
    A small reserve file is given up when the disk is full, so that even then the state can say so;
    all else that does not fit is kept, and written with a later beat.
    """

    def __init__(self, run: Run, state: RunState) -> None:
        self.run = run
        self.step = state.step
        self.pending: deque[Request] = deque()
        self._state = state
        self._clock: float | None = None
        self._untold: deque[dict[str, Any]] = deque()
        """Events that are not in the log yet."""
        self._writing = threading.RLock()
        self._closing = threading.Event()
        self._reserve = run.folder / ".reserve"
        self._marker = run.folder.parent / ".active" / run.id
        self._waiting = run.folder.parent / ".queue" / run.id
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    @property
    def state(self) -> RunState:
        """The state as it would be written now."""
        with self._writing:
            return self._state.model_copy(
                update={"step": self.step, "trained_s": self.trained_s, "heartbeat": time.time()}
            )

    @property
    def trained_s(self) -> float:
        """Seconds of training so far, over all attempts, without pauses."""
        running_s = 0.0 if self._clock is None else time.monotonic() - self._clock
        return self._state.trained_s + running_s

    def change(self, *, durable: bool = False, **changes: Any) -> None:
        """Change fields of the state and write it: at once, or when there is disk space again.

        Raises:
            OSError: when it has to be on the disk, and that is full and the reserve used up.
        """
        with self._writing:
            self._state = self._state.model_copy(update=changes)
            try:
                self._write(use_reserve="status" in changes, durable=durable)
            except OSError as error:
                if durable:
                    raise
                _log.warning("run %s: the state is written later: %s", self.run.id, error)

    def run_clock(self, running: bool) -> None:
        """Let the training time run, or hold it."""
        with self._writing:
            if self._clock is not None:
                self._state = self._state.model_copy(update={"trained_s": self.trained_s})
            self._clock = time.monotonic() if running else None

    def event(self, kind: str, text: str, **facts: Any) -> None:
        """Append to the run's event log, with the step it happened at; what does not fit, later."""
        now = {"time": time.time(), "kind": kind, "text": text, "step": self.step, **facts}
        with self._writing:
            self._untold.append(now)
            try:
                self._tell()
            except OSError as error:
                _log.warning("run %s: an event is written later: %s", self.run.id, error)

    def end(self, status: Status, reason: str) -> None:
        """Write the last state of this attempt."""
        self.run_clock(False)
        self.change(durable=True, status=status, reason=reason, phase="", ended_at=time.time())
        self.event(status, reason)

    def start(self) -> None:
        """Tell that the run is worked on; on a full disk, wait as paused until that fits.

        Raises:
            NotBegun: when the run was to end meanwhile.
        """
        self.pending.extend(self.run.take_requests())
        self._thread.start()
        try:
            self._take_over()
        except OSError as error:
            self._wait_for_space(error)

    def go_on(self, meanwhile: str) -> None:
        """Do nothing unless the run is to end, although it has not begun yet.

        Raises:
            NotBegun: when it is; ``meanwhile`` says what was being done.
        """
        for request in tuple(self.pending):  # at once: the heartbeat adds to it
            if request in _ENDS:
                raise NotBegun(self.run.id, _ENDS[request], meanwhile, "Resume it to go on.")

    def close(self) -> None:
        """Stop reporting; whose end could not be written, the next sweep finds by its marker."""
        self._closing.set()
        self._thread.join()
        self._reserve.unlink(missing_ok=True)
        try:
            self._tell()
        except OSError as error:
            _log.warning("run %s: lost %s: %s", self.run.id, [*self._untold], error)
        self.run.take_requests()  # what came too late must not be obeyed by the next attempt
        if not _looks_alive(self.run):
            self._marker.unlink(missing_ok=True)

    def hold_reserve(self) -> None:
        """Keep a little disk space for the state's sake.

        Raises:
            OSError: when there is none.
        """
        if not self._reserve.exists():
            _fill(self._reserve, _RESERVE_BYTES)

    def _take_over(self) -> None:
        self._marker.touch()
        self._waiting.unlink(missing_ok=True)
        self.change(durable=True)
        self.hold_reserve()

    def _wait_for_space(self, error: OSError) -> None:
        phase = self._state.phase
        reason = (
            f"Writing to the run folder failed ({error.strerror or error}). The run begins by "
            "itself as soon as there is space."
        )
        with self._writing:
            halted = {"status": "paused", "phase": "", "reason": reason}
            self._state = self._state.model_copy(update=halted)
        while True:
            for request in tuple(self.pending):  # at once: the heartbeat adds to it
                if request in _ENDS:
                    raise NotBegun(self.run.id, _ENDS[request])
            with contextlib.suppress(OSError):  # it is why we wait; the heartbeat logs it
                self._take_over()
                break
            time.sleep(_WAIT_S)
        self.change(status="running", phase=phase, reason="")
        self.event("continued", "There was no disk space to begin; now there is.")

    def _beat(self) -> None:
        written_at = 0.0
        while not self._closing.wait(_POLL_S):
            if not self.run.folder.exists():
                self.pending.append("stop")
                return
            try:
                self.pending.extend(self.run.take_requests())
                if time.monotonic() - written_at >= _BEAT_S:
                    with self._writing:
                        self._write(use_reserve=False)
                        self._tell()
                    written_at = time.monotonic()
            except OSError as error:  # the next beat may work; without beats nobody can stop it
                _log.warning("run %s: heartbeat failed: %s", self.run.id, error)

    def _write(self, *, use_reserve: bool, durable: bool = False) -> None:
        try:
            self.run.write_state(self.state, durable=durable)
        except OSError:
            if not use_reserve or not self._reserve.exists():
                raise
            self._reserve.unlink()
            self.run.write_state(self.state, durable=durable)

    def _tell(self) -> None:
        while self._untold:
            self.run.add_event(**self._untold[0])
            self._untold.popleft()


@contextmanager
def reporting(run: Run, launcher: LauncherName) -> Iterator[RunReporter]:
    """Own a run and report on it; the border at which every failure is written down.

    Raises:
        RunIsBusy: when another worker owns it.
        Exception: what was raised inside, after the run was marked as failed.
    """
    with run.owned():
        if run.state().status in RESUMABLE:
            run.take_requests()  # left for an attempt that has ended
        reporter = RunReporter(run, _begun(run.state(), launcher))
        try:
            reporter.start()
            yield reporter
        except NotBegun as error:
            with contextlib.suppress(OSError):  # the disk is full: a sweep tells it later
                reporter.end(error.status, str(error))
            raise
        except EngineError as error:
            reporter.end("failed", str(error))
            raise
        except BaseException as error:
            reporter.event("traceback", traceback.format_exc())
            reporter.end("failed", f"{type(error).__name__}: {error}")
            raise
        finally:
            reporter.close()


class NotBegun(EngineError):
    """A run was to end before it began."""

    def __init__(
        self,
        run_id: str,
        status: Status,
        meanwhile: str = "it waited for disk space",
        remedy: str = "Free some space, then resume it.",
    ) -> None:
        super().__init__(
            f"Run {run_id!r} was ended while {meanwhile}; it has lost nothing. {remedy}"
        )
        self.status: Status = status


def _looks_alive(run: Run) -> bool:
    """Whether somebody must say that a run that nobody works on has ended."""
    try:
        state = run.state()
    except DamagedRun:
        return False
    untouched = state.status == "queued" and not state.phase
    return state.status in ACTIVE and not untouched


def _begun(state: RunState, launcher: LauncherName) -> RunState:
    now = time.time()
    return state.model_copy(
        update={
            "status": "running",
            "phase": "loading",
            "reason": "",
            "launcher": launcher,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "started_at": state.started_at or now,
            "ended_at": None,
            "heartbeat": now,
        }
    )


def _fill(path: Path, size: int) -> None:
    try:
        write_new(path, b"\0" * size, durable=True)
    except OSError:
        path.unlink(missing_ok=True)
        raise
