"""Launchers: one protocol, one worker function, two places to run it."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from pathlib import Path
from typing import Protocol

from engine.errors import EngineError
from engine.launch.environment import child_environment
from engine.runs.state import LauncherName
from engine.runs.store import RunStore

_log = logging.getLogger(__name__)


class Launcher(Protocol):
    """Starts the worker for a run and lets it go its own way; all else is in the run folder."""

    def start(self, store: RunStore, run_id: str) -> None:
        """Begin work on a run; returns at once."""

    def stop(self, timeout_s: float) -> None:
        """The server is closing: see to it that nothing that dies with it is lost."""


class ThreadLauncher:
    """Runs the worker in a background thread of this process; it ends with the process."""

    def __init__(self) -> None:
        self._threads: list[tuple[threading.Thread, RunStore, str]] = []

    def start(self, store: RunStore, run_id: str) -> None:
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
        command = [sys.executable, "-m", "engine", "work", run_id, "--runs", str(store.root)]
        with (store.open(run_id).folder / "worker.log").open("ab") as log:
            child = subprocess.Popen(
                command,
                cwd=Path(__file__).parents[2],
                env=child_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        threading.Thread(target=child.wait, name=f"child {run_id}", daemon=True).start()

    def stop(self, timeout_s: float) -> None:
        """Nothing to do: the children live on and the next server finds them by their folders."""


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
