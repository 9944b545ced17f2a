"""What a worker refuses and is held to when it runs code that is not ours."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from engine.launch.launchers import APART, RunsApart
from engine.machine import gpus
from engine.models.imported.library import CodeLibrary
from engine.models.imported.limits import Limits, bind_own_process
from engine.models.specs import ModelSpec, foreign_code
from engine.runs.reporter import RunReporter
from engine.runs.run import Run
from engine.runs.state import LauncherName
from engine.runs.store import RunStore

BUILD_S = 300.0
"""After so long a model that is still being built is given up."""
_A_YEAR_S, _LARGEST_FILE = 3e7, 1 << 50


def confine(store: RunStore, run: Run, launcher: LauncherName) -> None:
    """Let imported code be run only with consent and in a process of its own, within its memory.

    Raises:
        RunsApart: when this process is somebody's server or shell.
        CodeRefused: when nobody consented, or a setting forbids it.
    """
    model = run.spec.model
    if model.kind not in APART:
        return
    if launcher != "process":
        raise RunsApart
    code = foreign_code(model)
    if code is None:
        return
    CodeLibrary(store.root).refuse_unless_allowed(code)
    if not gpus():  # drivers of GPUs map far more memory than there is
        bind_own_process(Limits(seconds=_A_YEAR_S, file_bytes=_LARGEST_FILE))


@contextmanager
def building_in_time(model: ModelSpec, reporter: RunReporter) -> Iterator[None]:
    """Give up on imported code that never comes back from building the model.

    Nothing else ends a loop in it: stop and pause are obeyed between updates.
    """
    if foreign_code(model) is None:
        yield
        return
    timer = threading.Timer(BUILD_S, _give_up, (reporter,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _give_up(reporter: RunReporter) -> None:
    reporter.end("failed", f"Building the model took more than {BUILD_S:,.0f} seconds.")
    os._exit(1)
