"""Dispatcher: takes runs from the queue, one at a time for each device, while the server runs."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from pathlib import Path

from engine.errors import (
    DamagedRun,
    EngineError,
    ImportedRun,
    RunIsBusy,
    UnknownRun,
    UnreadableRun,
)
from engine.launch.launchers import APART, LAUNCHERS, Launcher, resolved
from engine.machine import gpus
from engine.runs.run import Run
from engine.runs.state import LauncherName
from engine.runs.store import RunStore

_log = logging.getLogger(__name__)
_TICK_S = 0.2
_STOP_S = 20.0


class Dispatcher:
    """Starts queued runs and marks those whose worker is gone; all it knows is in the folders."""

    def __init__(
        self, store: RunStore, launchers: dict[LauncherName, Launcher] | None = None
    ) -> None:
        self._store = store
        self._launchers = launchers or {name: kind() for name, kind in LAUNCHERS.items()}
        self._fastest = "cuda" if gpus() else "cpu"
        self._closing = threading.Event()
        self._said: dict[str, str] = {}
        self._thread = threading.Thread(target=self._tick_often, name="dispatcher", daemon=True)

    def start(self) -> None:
        """Begin: first of all, find out what a dead server left behind."""
        self._store.recover()
        self._thread.start()

    def stop(self) -> None:
        """Stop starting runs; runs in threads of this process save and end."""
        self._closing.set()
        self._thread.join()
        for launcher in self._launchers.values():
            launcher.stop(_STOP_S)

    def tick(self) -> None:
        """Mark dead runs, then start what has a free device, oldest first."""
        self._store.sweep()
        busy: set[str] = set().union(*(self.slots_of(run) for run in self._at_work()))
        for run in self._waiting():
            slots = self.slots_of(run)
            if not slots & busy and self._claim(run) and self._begin(run):
                busy |= slots

    def slots_of(self, run: Run) -> set[str]:
        """What a run will keep busy: its device, and for a thread the one place for threads.

        Two trainings in one process would share PyTorch's random generators and so not be
        repeatable; processes do not.
        """
        device = self._device_of(run)
        return {device, "thread"} if self._launcher_of(run) == "thread" else {device}

    def _device_of(self, run: Run) -> str:
        device = run.spec.training.hardware.device
        return self._fastest if device == "auto" else device

    def _launcher_of(self, run: Run) -> LauncherName:
        hardware = run.spec.training.hardware
        wanted = run.state().launcher
        if wanted == "auto" and run.spec.model.kind in APART:
            return "process"
        # Data workers of a thread of the server would start by running the server's script.
        on_gpu = self._device_of(run) != "cpu" and not hardware.workers
        return resolved(wanted, on_gpu=on_gpu)

    def _tick_often(self) -> None:
        while not self._closing.is_set():
            try:
                self.tick()
            except (OSError, EngineError) as error:  # a run that vanished between two looks
                self._say("", f"the queue waits: {error}")
            else:
                self._said.pop("", None)
            self._closing.wait(_TICK_S)

    def _say(self, run_id: str, trouble: str) -> None:
        """Once, and not five times a second for as long as a disk is full."""
        if self._said.get(run_id) != trouble:
            self._said[run_id] = trouble
            _log.warning("%s", trouble)

    def _at_work(self) -> list[Run]:
        """Runs in a slot; what the command line trains in the foreground takes none."""
        runs = self._existing(self._store.active)
        return [run for run in runs if run.state().launcher != "foreground"]

    def _waiting(self) -> list[Run]:
        runs = self._existing(self._store.queue)
        return sorted(runs, key=lambda run: (run.state().queued_at or 0, run.id))

    def _existing(self, folder: Path) -> list[Run]:
        """The runs with a marker in a folder; a marker of what is no run goes.

        Raises:
            UnreadableRun: when the disk refuses: nothing is started beside a run that is not known.
        """
        runs = []
        for entry in tuple(os.scandir(folder)):
            try:
                run = self._store.open(entry.name)
                run.state(), run.spec
                runs.append(run)
            except UnreadableRun as refusal:
                if folder == self._store.active:
                    raise
                self._say(entry.name, f"not started: {refusal}")
            except (UnknownRun, DamagedRun, ImportedRun) as error:
                _log.warning("taken off the queue: %s", error)
                Path(entry.path).unlink(missing_ok=True)
        return runs

    def _claim(self, run: Run) -> bool:
        """Renaming the marker is atomic: of several servers on one folder only one succeeds."""
        try:
            os.rename(self._store.queue / run.id, self._store.active / run.id)
        except FileNotFoundError:
            return False
        return True

    def _begin(self, run: Run) -> bool:
        """Start a run that was claimed; False when it is in the queue again or has failed."""
        launcher = self._launcher_of(run)
        starting = {
            "phase": "starting",
            "launcher": launcher,
            "heartbeat": time.time(),
            "host": socket.gethostname(),
        }
        try:
            with run.owned():
                run.write_state(run.state().model_copy(update=starting))
        except RunIsBusy:
            return True  # somebody trains it in the foreground already
        except OSError as error:  # a full disk: it waits as all runs do, and has not failed
            self._say(run.id, f"run {run.id} waits in the queue: {error}")
            os.rename(self._store.active / run.id, self._store.queue / run.id)
            return False
        self._said.pop(run.id, None)
        try:
            self._launchers[launcher].start(self._store, run.id)
        except (OSError, RuntimeError, EngineError) as error:
            reason = f"the {launcher} launcher could not start it ({error})"
            self._store.end(run, "failed", reason)
            (self._store.active / run.id).unlink(missing_ok=True)
            return False
        return True
