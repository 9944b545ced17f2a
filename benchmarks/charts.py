"""What watching a run costs the server: python -m benchmarks.charts

One refresh of an eight-chart board for runs of different length, side by side: while the run grows
(ten new points a metric between two refreshes), when nothing is new, and the answer to a zoom.
Medians; the sizes take turns, so that a slow moment of the machine hits all of them alike.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks import charts_in_chromium, effort, many_curves
from components.live_feed.frame import decoded
from components.live_feed.query import SeriesQuery
from components.live_feed.refresh import Caches, refresh
from engine.runs.run import Run
from engine.runs.series import RECORD, MetricFiles
from engine.runs.store import RunStore
from tests.fabricate import run_of

SIZES = (10_000, 100_000, effort.of(1_000_000, 200_000))
ROUNDS = effort.of(15, 2)
COLUMNS = 320
"""Pixels across the plot of one chart: three charts side by side on a screen of 1440."""
METRICS = (
    *("train/loss", "train/accuracy", "train/perplexity", "optim/lr"),
    *("optim/grad_norm", "speed/samples_per_s", "speed/tokens_per_s", "speed/step_ms"),
)
SMOOTH = tuple(metric for metric in METRICS if metric != "optim/lr")
SMOOTHING = 0.6


class Case:
    """One run that grows, and a viewer of it."""

    def __init__(self, store: RunStore, size: int) -> None:
        self.store = store
        self.size = size
        self.run: Run = run_of(store, status="running", steps=0)
        self.random = np.random.default_rng(size)
        self.caches = Caches()
        self.token = ""
        self.grow(size)

    def grow(self, count: int) -> None:
        files = MetricFiles(self.run.metrics_folder)
        for metric in METRICS:
            done = len(self.run.series(metric).step)
            records = np.zeros(count, RECORD)
            records["step"] = done + 1 + np.arange(count)
            records["time"] = time.time()
            records["value"] = 2 + self.random.normal(size=count)
            files.append(metric, records)
        files.close()

    def ask(self, **changes: object) -> tuple[float, int]:
        """(milliseconds, bytes sent) of one refresh."""
        asked = {"run": (self.run.id,), "metric": METRICS, "smooth": SMOOTH, "width": COLUMNS}
        query = SeriesQuery.parse(asked | {"weight": SMOOTHING, "have": self.token} | changes)
        started_at = time.perf_counter()
        news = refresh(self.store, self.caches, query)
        elapsed_ms = 1000 * (time.perf_counter() - started_at)
        if news is not None and "low" not in changes and query.weight == SMOOTHING:
            self.token = decoded(news)[0]["token"]
        return elapsed_ms, 0 if news is None else len(news)


def measure(case: Case) -> dict[str, tuple[float, int]]:
    low = float(case.random.integers(case.size // 2))
    case.grow(10)
    return {
        "refresh, smoothed": case.ask(),
        "nothing new": case.ask(),
        "refresh, not smoothed": case.ask(weight=0.0, have=""),
        "zoom to a tenth": case.ask(low=low, high=low + case.size // 10),
        "zoom to 200 steps": case.ask(low=low, high=low + 200),
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = RunStore(Path(folder))
        cases = [Case(store, size) for size in SIZES]
        first = {case.size: case.ask() for case in cases}
        rounds = [{case.size: measure(case) for case in cases} for _ in range(ROUNDS)]
    say(f"{len(METRICS)} charts of {COLUMNS} columns, {ROUNDS} rounds, median ms (KB sent)")
    say(row("steps", [f"{size:,}" for size in SIZES]))
    say(row("first look, smoothed", [cell(*first[size]) for size in SIZES]))
    for what in rounds[0][SIZES[0]]:
        cells = []
        for size in SIZES:
            taken = [done[size][what] for done in rounds]
            cells.append(cell(statistics.median(ms for ms, _ in taken), taken[-1][1]))
        say(row(what, cells))
    many_curves.main()
    charts_in_chromium.main()


def cell(ms: float, sent: int) -> str:
    return f"{ms:.1f} ({sent / 1000:.0f})"


def row(name: str, cells: list[str]) -> str:
    return f"{name:<24}" + "".join(f"{cell:>18}" for cell in cells)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
