"""Listing many runs: the first time, and again when nothing has changed."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks.table import print_table
from components import run_table
from engine.runs.last_values import LastValues
from engine.runs.store import RunStore
from tests import fabricate

SIZES = (100, 1000)


def _seconds(store: RunStore, last: LastValues) -> float:
    began = time.perf_counter()
    run_table.frame(run_table.rows(store, last))
    return time.perf_counter() - began


def main() -> None:
    rows = []
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            store, last = RunStore(Path(folder)), LastValues()
            for _ in range(size):
                fabricate.run_of(store, steps=50)
            fresh = RunStore(Path(folder))
            rows.append((size, _seconds(fresh, last), _seconds(fresh, last)))
    print_table("Table of runs", ("runs", "first s", "again s"), rows)


if __name__ == "__main__":
    main()
