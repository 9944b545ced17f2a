"""worker.log: what a worker of a process printed, and what the engine logs while it works."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.runs.state import LauncherName

FILE = "worker.log"
_FORMAT = "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s"
_ENGINE = logging.getLogger("engine")


@contextmanager
def kept(folder: Path, launcher: LauncherName) -> Iterator[None]:
    """Write what the engine logs in this process into the run's worker.log, from INFO on.

    A process of its own prints there anyway. Elsewhere warnings still reach the terminal, if
    nobody takes them.
    """
    handler = logging.FileHandler(folder / FILE, encoding="utf-8", delay=True)
    formatter = logging.Formatter(_FORMAT, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handlers: list[logging.Handler] = [handler]
    if launcher != "process" and logging.lastResort and not logging.getLogger().hasHandlers():
        handlers.append(logging.lastResort)
    level = _ENGINE.level
    for added in handlers:
        _ENGINE.addHandler(added)
    _ENGINE.setLevel(min(level or logging.INFO, logging.INFO))
    try:
        yield
    finally:
        _ENGINE.setLevel(level)
        for added in handlers:
            _ENGINE.removeHandler(added)
        handler.close()
