"""The progress of a run in a terminal: a bar, or plain lines about one a second."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from engine.commands.console import remark, say
from engine.errors import DamagedRun
from engine.runs.run import Run
from engine.runs.state import RunState

_PACE_OVER_S = 5.0


class ProgressLine:
    """Watches a run's folder and shows how far it is, while the `with` block trains it."""

    def __init__(
        self,
        run: Run,
        stream: TextIO,
        *,
        to_stderr: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._run = run
        self._say = remark if to_stderr else say
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()
        self._bar = _bar(stream) if stream.isatty() else None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="progress", daemon=True)

    def __enter__(self) -> None:
        if self._bar:
            self._bar.start()
        self._thread.start()

    def __exit__(self, *raised: object) -> None:
        self._ended.set()
        self._thread.join()
        if self._bar:
            self._bar.stop()

    def show(self) -> None:
        """Show the run as it is now."""
        state = self._run.state()
        pace = self._pace(state.step)
        text = progress_text(state, self._last("train/loss"), self._last("val/loss"), pace)
        if self._bar is None:
            self._say(text)
            return
        task, total = self._bar.task_ids[0], state.total_steps
        self._bar.update(task, completed=state.step, total=total, description=text)
        self._bar.refresh()

    def _watch(self) -> None:
        while not self._ended.wait(0.25 if self._bar else 1.0):
            try:
                self.show()
            except DamagedRun as damage:
                remark(str(damage))
                return

    def _last(self, metric: str) -> float | None:
        newest = self._run.last(metric)
        return None if newest is None else newest[1]

    def _pace(self, step: int) -> float | None:
        """Steps per second over the last few seconds."""
        now = self._clock()
        self._seen.append((now, step))
        while now - self._seen[0][0] > _PACE_OVER_S and len(self._seen) > 2:
            self._seen.popleft()
        began_at, began = self._seen[0]
        return (step - began) / (now - began_at) if now > began_at else None


def progress_text(
    state: RunState, loss: float | None, val_loss: float | None, steps_per_s: float | None
) -> str:
    """One line: how far, the newest losses, the pace and the time to come; the unknown left out."""
    of = "" if state.total_steps is None else f"/{state.total_steps}"
    parts = [f"step {state.step}{of}"]
    if loss is not None:
        parts.append(f"loss {loss:.4g}")
    if val_loss is not None:
        parts.append(f"val loss {val_loss:.4g}")
    if steps_per_s:
        parts.append(f"{steps_per_s:.3g} steps/s")
    if state.eta_s is not None and state.status == "running":
        parts.append(f"ETA {duration(state.eta_s)}")
    if state.phase not in ("", "training"):
        parts.append(state.phase)
    return "  ".join(parts)


def duration(seconds: float) -> str:
    """h:mm:ss, or m:ss below one hour."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def _bar(stream: TextIO) -> Progress:
    columns = (BarColumn(20), TextColumn("{task.description}", markup=False))
    bar = Progress(*columns, console=Console(file=stream), auto_refresh=False, transient=True)
    bar.add_task("starting", total=None)
    return bar
