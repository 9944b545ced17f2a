"""The bundled examples at their default length: what they reach and how long it takes."""

from __future__ import annotations

import tempfile
import time

from benchmarks.table import print_table
from engine.examples import EXAMPLES
from engine.launch.worker import train_spec


def main() -> None:
    rows = []
    for name, example in EXAMPLES.items():
        with tempfile.TemporaryDirectory() as runs:
            began = time.perf_counter()
            state = train_spec(example.spec, runs)
            took_s = time.perf_counter() - began
        assert state.best is not None
        rows.append((name, state.step, took_s, state.best.metric, state.best.value))
    print_table(
        "Bundled examples at their default length, on this machine",
        ("example", "steps", "seconds", "metric", "best"),
        rows,
    )


if __name__ == "__main__":
    main()
