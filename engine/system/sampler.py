"""SystemSampler: reads the machine beside training, every few seconds, from a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from types import TracebackType

import psutil

from engine.runs.reporter import RunReporter
from engine.system.gpu_reader import gpu_reader
from engine.system.machine_reader import MachineReader

_log = logging.getLogger(__name__)

Reader = Callable[[], dict[str, float]]
"""Reads values by the names of their metrics; what is not known is left out."""
Logger = Callable[[dict[str, float]], None]
"""Takes what was read, at the step that training has reached."""

FIRST_S = 1.0
"""The first reading comes early, so that a short run has one, too."""


class SystemSampler:
    """Logs what it reads as long as the block runs.

    It draws no random numbers and touches nothing of the training, so that a run's bits are the
    same with it and without it.
    """

    def __init__(
        self,
        make_reader: Callable[[], Reader],
        log: Logger,
        every_s: float,
        *,
        wait: Callable[[threading.Event, float], bool] = threading.Event.wait,
    ) -> None:
        """``wait`` waits for so many seconds, and tells whether the event came meanwhile."""
        self._make_reader, self._log_reading = make_reader, log
        self._every_s, self._wait = every_s, wait
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="system", daemon=True)

    def __enter__(self) -> SystemSampler:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._closing.set()
        self._thread.join()

    def _sample(self) -> None:
        read = self._make_reader()
        pause_s = min(FIRST_S, self._every_s)
        while not self._wait(self._closing, pause_s):
            pause_s = self._every_s
            try:
                self._log_reading(read())
            except (OSError, psutil.Error) as error:  # the folder is gone, say: a gap
                _log.warning("the machine could not be read: %s", error)


def sampling(
    reporter: RunReporter, log: Logger, every_s: float | None
) -> AbstractContextManager[object]:
    """Measure the machine while the block runs, every so many seconds; None for never."""
    if every_s is None:
        return nullcontext()

    def make_reader() -> Reader:
        machine = MachineReader(reporter.run.folder)
        gpus = gpu_reader(partial(reporter.event, "system"))
        return (lambda: machine() | gpus()) if gpus else machine

    return SystemSampler(make_reader, log, every_s)
