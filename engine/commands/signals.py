"""Signals to a training process: Ctrl-C, a closed terminal, a machine that shuts down."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from engine.runs.run import Run

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # not all of them exist on Windows
_SAVING = b"\nSaving a checkpoint, then ending; Ctrl-C once more ends at once.\n"


@contextmanager
def signals_become_requests(run: Run) -> Iterator[None]:
    """The first signal asks the worker to save and end; a second one ends it at once.

    A signal that the process was started to ignore (nohup, a background job) stays ignored.
    """
    caught: list[int] = []

    def catch(number: int, frame: FrameType | None) -> None:
        caught.append(number)
        if len(caught) > 1:
            raise KeyboardInterrupt
        run.request("interrupt")
        with suppress(OSError):  # written past Python's streams: a print may be under way
            os.write(2, _SAVING)

    before = {name: signal.getsignal(name) for name in signal.Signals if name.name in _NAMES}
    heeded = [name for name, handler in before.items() if handler != signal.SIG_IGN]
    for name in heeded:
        signal.signal(name, catch)
    try:
        yield
    finally:
        for name in heeded:
            signal.signal(name, before[name])
