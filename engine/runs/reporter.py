"""RunReporter: what the owner of a run does beside training: heartbeat, state, requests."""

from __future__ import annotations

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

from engine.errors import EngineError
from engine.runs.files import write_new
from engine.runs.requests import Request
from engine.runs.run import Run
from engine.runs.state import RESUMABLE, LauncherName, RunState, Status

_log = logging.getLogger(__name__)
_POLL_S = 0.1
_BEAT_S = 0.5
_RESERVE_BYTES = 65_536


class RunReporter:
    """Keeps state.json true while a run is worked on and gathers the requests left for it.

    The training thread only sets ``step`` and asks ``pending``; a thread of its own writes.
    A small reserve file is given up when the disk is full, so that even then the state can say so.
    """

    def __init__(self, run: Run, state: RunState) -> None:
        self.run = run
        self.step = state.step
        self.pending: deque[Request] = deque()
        self._state = state
        self._clock: float | None = None
        self._writing = threading.RLock()
        self._closing = threading.Event()
        self._reserve = run.folder / ".reserve"
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
        """Change fields of the state and write it at once.

        Raises:
            OSError: when the disk is full and the reserve is used up.
        """
        with self._writing:
            self._state = self._state.model_copy(update=changes)
            self._write(durable=durable)

    def run_clock(self, running: bool) -> None:
        """Let the training time run, or hold it."""
        with self._writing:
            if self._clock is not None:
                self._state = self._state.model_copy(update={"trained_s": self.trained_s})
            self._clock = time.monotonic() if running else None

    def event(self, kind: str, text: str, **facts: Any) -> None:
        """Append to the run's event log, with the step it happened at."""
        try:
            self.run.add_event(kind, text, step=self.step, **facts)
        except OSError as error:
            self._give_up_reserve(error)
            self.run.add_event(kind, text, step=self.step, **facts)

    def end(self, status: Status, reason: str) -> None:
        """Write the last state of this attempt."""
        self.run_clock(False)
        self.change(durable=True, status=status, reason=reason, phase="", ended_at=time.time())
        self.event(status, reason)

    def start(self) -> None:
        self.hold_reserve()
        self.pending.extend(self.run.take_requests())
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        self._thread.join()
        self._reserve.unlink(missing_ok=True)
        self.run.take_requests()  # what came too late must not be obeyed by the next attempt

    def hold_reserve(self) -> None:
        """Keep a little disk space for the state's sake.

        Raises:
            OSError: when there is none.
        """
        if not self._reserve.exists():
            _fill(self._reserve, _RESERVE_BYTES)

    def _beat(self) -> None:
        written_at = 0.0
        while not self._closing.wait(_POLL_S):
            if not self.run.folder.exists():
                self.pending.append("stop")
                return
            try:
                self.pending.extend(self.run.take_requests())
                if time.monotonic() - written_at >= _BEAT_S:
                    with self._writing:  # without the reserve: that is for what has changed
                        self.run.write_state(self.state)
                    written_at = time.monotonic()
            except OSError as error:  # the next beat may work; without beats nobody can stop it
                _log.warning("run %s: heartbeat failed: %s", self.run.id, error)

    def _write(self, *, durable: bool) -> None:
        try:
            self.run.write_state(self.state, durable=durable)
        except OSError as error:
            self._give_up_reserve(error)
            self.run.write_state(self.state, durable=durable)

    def _give_up_reserve(self, error: OSError) -> None:
        if not self._reserve.exists():
            raise error
        self._reserve.unlink()


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
        marker = run.folder.parent / ".active" / run.id
        marker.touch()
        (run.folder.parent / ".queue" / run.id).unlink(missing_ok=True)
        reporter.change(durable=True)
        reporter.start()
        try:
            yield reporter
        except EngineError as error:
            reporter.end("failed", str(error))
            raise
        except BaseException as error:
            reporter.event("traceback", traceback.format_exc())
            reporter.end("failed", f"{type(error).__name__}: {error}")
            raise
        finally:
            reporter.close()
            marker.unlink(missing_ok=True)


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
