"""MetricsTracker: log without waiting; a background thread writes to the metric files."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from torch import Tensor

from engine.runs.series import RECORD, MetricFiles

Number = float | Tensor
_Row = tuple[int, float, Mapping[str, Number]]


class MetricsTracker:
    """Takes rows of metrics on the training thread and appends them to files on another.

    A row costs the training thread one append to a queue. Device tensors are taken as they are
    and read by the background thread, so that logging never waits for a GPU; they must not be
    changed in place afterwards. Rows reach the files within ``flush_every_s``.
    """

    def __init__(
        self,
        files: MetricFiles,
        *,
        flush_every_s: float = 0.1,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._files = files
        self._now = now
        self._rows: deque[_Row] = deque()
        self._unwritten: dict[str, list[tuple[int, float, float]]] = {}
        self._writing = threading.Lock()
        self._closing = threading.Event()
        self._flush_every_s = flush_every_s
        self.trouble: OSError | None = None
        """Why the newest rows could not be written (a full disk); they are kept and tried again."""
        self._thread = threading.Thread(target=self._flush_often, name="metrics", daemon=True)
        self._thread.start()

    def log(self, step: int, metrics: Mapping[str, Number]) -> None:
        """Record metrics at a step, stamped with the time of this call."""
        self._rows.append((step, self._now(), metrics))

    def flush(self) -> None:
        """Write everything that was logged before this call; see `trouble` for failures."""
        with self._writing:
            self._gather()
            try:
                self._write()
            except OSError as error:
                self.trouble = error
            else:
                self.trouble = None

    def sync(self) -> None:
        """Flush and put it on the disk, so that a checkpoint never knows more than the files.

        Raises:
            OSError: when that is impossible; nothing is lost from memory.
        """
        self.flush()
        if self.trouble:
            raise self.trouble
        with self._writing:
            self._files.sync()

    def close(self) -> None:
        """Flush for the last time and stop the background thread."""
        self._closing.set()
        self._thread.join()
        self.flush()
        self._files.close()

    def _flush_often(self) -> None:
        while not self._closing.wait(self._flush_every_s):
            self.flush()

    def _gather(self) -> None:
        for _ in range(len(self._rows)):
            step, at, metrics = self._rows.popleft()
            for name, value in metrics.items():
                self._unwritten.setdefault(name, []).append((step, at, float(value)))

    def _write(self) -> None:
        for name in list(self._unwritten):
            records: np.ndarray[Any, Any] = np.array(self._unwritten[name], RECORD)
            self._files.append(name, records)
            del self._unwritten[name]
