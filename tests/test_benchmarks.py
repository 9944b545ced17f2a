"""What the benchmarks leave behind: nothing."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from benchmarks.start import end_all
from engine.examples import EXAMPLES
from engine.frozen import with_changes
from engine.launch.launchers import ThreadLauncher
from engine.runs.store import RunStore


def test_a_folder_whose_run_is_still_going_can_be_removed_once_all_are_ended(
    tmp_path: Path,
) -> None:
    store = RunStore(tmp_path / "runs")
    spec = with_changes(EXAMPLES["digits-mlp"].spec, {"training.length.amount": 1_000_000})
    run, waiting = store.create(spec), store.create(spec)
    (store.active / run.id).touch()
    ThreadLauncher().start(store, run.id)
    store.enqueue(waiting, "thread")
    deadline = time.monotonic() + 60
    while run.state().status != "running" or not run.state().step:
        assert time.monotonic() < deadline, run.state()
        time.sleep(0.01)
    end_all(store)
    assert (run.state().status, waiting.state().status) == ("stopped", "stopped")
    shutil.rmtree(store.root)
    assert not store.root.exists()
