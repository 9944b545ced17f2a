"""Boards of many runs or metrics, and what watching does to the memory of the server.

`benchmarks.charts` prints these below its own table.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson
import psutil

from benchmarks import effort
from benchmarks.table import print_table
from components.live_feed.frame import decoded
from components.live_feed.layout import brief, laid_out
from components.live_feed.query import BoardQuery, SeriesQuery
from components.live_feed.refresh import Caches, refresh
from engine.runs.run import Run
from engine.runs.series import RECORD, MetricFiles
from engine.runs.store import RunStore
from tests.fabricate import run_of

TICKS = effort.of(40, 3)
"""More than it takes for a new pixel column, which is what costs most."""
NEW_POINTS = 10
WATCHED = effort.of(600, 20)
"""Ticks of the viewer whose server's memory is looked at: ten minutes."""
METRICS = effort.of(2000, 200)


class Case(NamedTuple):
    """Runs that are looked at on one board."""

    title: str
    runs: int
    steps: int
    charts: int
    wanted: str


CASES = (
    Case("1 run, 20 metrics, 8 in sight", 1, effort.of(1_000_000, 10_000), 8, "50 ms, 200 KB"),
    Case("50 live runs, 1 chart", 50, effort.of(100_000, 1000), 1, "200 ms"),
    Case("50 live runs, 4 charts", 50, effort.of(100_000, 1000), 4, ""),
    Case("100 live runs, 6 charts", 100, effort.of(10_000, 1000), 6, ""),
)
MOST_COLUMNS = 12_000
"""Of all curves together, as the board asks for them."""


class Board:
    """Growing runs, and one viewer of them."""

    def __init__(self, store: RunStore, case: Case) -> None:
        self.store, self.caches = store, Caches()
        unseen = 12 if case.runs == 1 else 0
        self.metrics = tuple(f"train/m{number}" for number in range(case.charts))
        self.all = (*self.metrics, *(f"train/unseen{number}" for number in range(unseen)))
        self.runs = [run_of(store, status="running", steps=0) for _ in range(case.runs)]
        self.done = 0
        self.header: dict[str, object] = {}
        self.columns = max(60, min(320, MOST_COLUMNS // (2 * case.runs * case.charts)))
        self.grow(case.steps)

    def grow(self, count: int) -> None:
        records = np.zeros(count, RECORD)
        records["step"] = self.done + 1 + np.arange(count)
        records["time"] = time.time()
        for place, run in enumerate(self.runs):
            records["value"] = np.random.default_rng(place + self.done).normal(size=count)
            _append(run, self.all, records)
        self.done += count

    def tick(self) -> tuple[float, int]:
        """(milliseconds, bytes sent) of one refresh."""
        asked = SeriesQuery(
            run=tuple(run.id for run in self.runs),
            metric=self.metrics,
            smooth=self.metrics,
            weight=0.6,
            width=self.columns,
            have=str(self.header.get("token", "")),
            shown=self.header.get("window"),
        )
        began = time.perf_counter()
        news = refresh(self.store, self.caches, asked)
        elapsed_ms = 1000 * (time.perf_counter() - began)
        if news is not None:
            self.header = decoded(news)[0]
        return elapsed_ms, 0 if news is None else len(news)


def main() -> None:
    rows = []
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            rows.append([case.title, f"{case.steps:,}", *_measured(RunStore(Path(folder)), case)])
    columns = ["board", "steps", "first ms", "tick ms", "p95", "tick KB", "nothing new", "wanted"]
    print_table("A refresh of boards that grow, medians", columns, rows)
    _memory()
    _layout()


def _measured(store: RunStore, case: Case) -> list[object]:
    board = Board(store, case)
    first, _ = board.tick()
    ticks = []
    for _ in range(TICKS):
        board.grow(NEW_POINTS)
        ticks.append(board.tick())
    nothing, sent = board.tick()
    assert sent == 0, "nothing was new"
    times = sorted(ms for ms, _ in ticks)
    size = statistics.median(sent for _, sent in ticks) / 1000
    p95 = times[int(0.95 * (len(times) - 1))]
    return [first, statistics.median(times), p95, size, nothing, case.wanted]


def _memory() -> None:
    """Ten minutes of looking at a run that grows, zoomed here and there."""
    process = psutil.Process()
    with tempfile.TemporaryDirectory() as folder:
        case = Case("", 1, effort.of(200_000, 5000), 8, "")
        board, seen = Board(RunStore(Path(folder)), case), []
        for tick in range(WATCHED):
            board.grow(NEW_POINTS)
            board.tick()
            if tick % max(1, WATCHED // 6) == 0:
                seen.append(process.memory_info().rss / 1e6)
    told = ", ".join(f"{mb:.0f}" for mb in seen)
    print(f"\nMemory of the server over {WATCHED} ticks of a growing run of 8 charts, MB: {told}")


def _layout() -> None:
    """Which charts a run of very many metrics has, as the browser is told once."""
    metrics = [f"unit{number % 50}/activity_{number}" for number in range(METRICS)]
    began = time.perf_counter()
    charts = laid_out(BoardQuery(run=("x",)), metrics)
    sent = orjson.dumps([brief(chart) for chart in charts])
    elapsed_ms = 1000 * (time.perf_counter() - began)
    print(
        f"Layout of {METRICS:,} charts: {elapsed_ms:.0f} ms, {len(sent) / 1000:.0f} KB, sent once"
    )


def _append(run: Run, metrics: Sequence[str], records: np.ndarray) -> None:
    files = MetricFiles(run.metrics_folder)
    for metric in metrics:
        files.append(metric, records)
    files.close()


if __name__ == "__main__":
    main()
