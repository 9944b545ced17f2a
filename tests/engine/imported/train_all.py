"""Train several runs one after another, as the process launcher's child does each."""

from __future__ import annotations

import sys

from engine.launch.worker import work
from engine.runs.store import RunStore

if __name__ == "__main__":
    store = RunStore(sys.argv[1])
    for run_id in sys.argv[2:]:
        work(store, run_id, launcher="process")
