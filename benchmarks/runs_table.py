"""Ten thousand runs: first shown by a new process, shown again, filtered, sorted."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.many_runs import fill
from benchmarks.table import print_table
from components import run_columns
from engine.runs.query.order import ordered
from engine.runs.query.query import Language
from engine.runs.store import RunStore

SIZES = (100, 1_000, 10_000)
QUERY = 'val/loss < 1.5 and optimizer.name == "adamw"'
EXTREME = "min(val/loss) < 1.4 or best(val/accuracy) > 0.9"
WORDS = "small gpt completed"


def main() -> None:
    rows = [_row(size) for size in SIZES]
    print_table("Table of runs (seconds)", tuple(rows[0]), [tuple(row.values()) for row in rows])
    print("Asked for, of 10,000 runs: first shown within 1 s, a filter within 0.3 s.\n")


def _row(size: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "runs"
        fill(RunStore(folder), size)
        seconds: dict[str, float] = {"runs": size}
        seconds["without index"] = _timed(lambda: RunStore(folder).index.entries())
        shown, store = RunStore(folder), RunStore(folder)
        seconds["new process"] = _timed(lambda: _show(shown))
        seconds["again"] = _timed(lambda: _show(shown))
        store.index.entries()
        seconds["looked at again"] = _timed(lambda: store.index.entries())
        seconds["query"] = _find(store, QUERY)
        seconds["words"] = _find(store, WORDS)
        _find(store, EXTREME)
        seconds["min(), best()"] = _find(store, EXTREME)
        seconds["sorted"] = _timed(lambda: _sort(store))
        return seconds


def _show(store: RunStore) -> None:
    """From the folder to the data frame that the page hands to Streamlit."""
    entries = store.index.entries()
    columns, _ = run_columns.columns_of(run_columns.DEFAULT, Language(store.index, entries))
    run_columns.frame(entries, columns)


def _find(store: RunStore, query: str) -> float:
    entries = store.index.entries()
    return _timed(lambda: Language(store.index, entries).find(query))


def _sort(store: RunStore) -> None:
    entries = store.index.entries()
    _, read = Language(store.index, entries).reading("val/loss")
    ordered(entries, read, descending=True)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
