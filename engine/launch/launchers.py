"""Launchers: one protocol, one worker function, two places to run it."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Protocol

from engine.errors import EngineError
from engine.launch.environment import child_environment
from engine.models.imported.library import CodeLibrary
from engine.models.specs import foreign_code
from engine.runs.state import LauncherName, RunState
from engine.runs.store import RunStore

_log = logging.getLogger(__name__)


class Launcher(Protocol):
    """Starts the worker for a run and lets it go its own way; all else is in the run folder."""

    def start(self, store: RunStore, run_id: str) -> None:
        """Begin work on a run; returns at once."""

    def stop(self, timeout_s: float) -> None:
        """The server is closing: see to it that nothing that dies with it is lost."""


APART = frozenset({"imported", "hugging-face"})
"""Kinds of models that are only ever built in a process of their own: their code is not ours, or
comes with a library that a server should not load."""


class RunsApart(EngineError):
    """A model that somebody wants run in the server itself."""

    def __init__(self) -> None:
        super().__init__(
            "A model of imported code or of Hugging Face is only run in a process of its own. "
            "Choose the launcher 'process'."
        )


class ThreadLauncher:
    """Runs the worker in a background thread of this process; it ends with the process."""

    def __init__(self) -> None:
        self._threads: list[tuple[threading.Thread, RunStore, str]] = []

    def start(self, store: RunStore, run_id: str) -> None:
        if store.open(run_id).spec.model.kind in APART:
            raise RunsApart
        thread = threading.Thread(
            target=self._work, args=(store, run_id), name=f"run {run_id}", daemon=True
        )
        self._threads = [entry for entry in self._threads if entry[0].is_alive()]
        self._threads.append((thread, store, run_id))
        thread.start()

    def stop(self, timeout_s: float) -> None:
        """Ask every run to save and end, and wait for it."""
        alive = [entry for entry in self._threads if entry[0].is_alive()]
        for _, store, run_id in alive:
            store.open(run_id).request("interrupt")
        for thread, _, _ in alive:
            thread.join(timeout_s)

    @staticmethod
    def _work(store: RunStore, run_id: str) -> None:
        from engine.launch.worker import work

        try:
            work(store, run_id, launcher="thread")
        except EngineError as error:
            _log.warning("run %s did not start: %s", run_id, error)


class ProcessLauncher:
    """Runs the worker in a child process of its own session; it outlives the server."""

    def start(self, store: RunStore, run_id: str) -> None:
        child = begun(store, run_id)
        threading.Thread(target=child.wait, name=f"child {run_id}", daemon=True).start()

    def stop(self, timeout_s: float) -> None:
        """Nothing to do: the children live on and the next server finds them by their folders."""


def begun(store: RunStore, run_id: str) -> subprocess.Popen[bytes]:
    """A child process with a clean environment and a session of its own, which works on a run.

    Raises:
        CodeRefused: for imported code that nobody consented to, or that a setting forbids.
    """
    code = foreign_code(store.open(run_id).spec.model)
    if code is not None:
        CodeLibrary(store.root).refuse_unless_allowed(code)
    command = [sys.executable, "-m", "engine", "work", run_id, "--runs", str(store.root)]
    with (store.open(run_id).folder / "worker.log").open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=Path(__file__).parents[2],
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def work_apart(store: RunStore, run_id: str) -> RunState:
    """Let a child process work on a run, and wait for it; it does not outlive this call."""
    child = begun(store, run_id)
    try:
        child.wait()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        raise
    finally:
        store.sweep(starting_s=0)
    return store.open(run_id).state()


LAUNCHERS: dict[LauncherName, type[ThreadLauncher] | type[ProcessLauncher]] = {
    "thread": ThreadLauncher,
    "process": ProcessLauncher,
}


def resolved(launcher: LauncherName, *, on_gpu: bool) -> LauncherName:
    """What `auto` means: a thread where there is a GPU, a process on a CPU.

    On a CPU the pages and a training thread would fight for Python's interpreter lock; on a GPU
    the thread waits for the device most of the time.
    """
    if launcher != "auto":
        return launcher
    return "thread" if on_gpu else "process"
