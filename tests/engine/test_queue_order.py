"""A waiting run knows what it waits for."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

from engine.runs.store import RunStore
from tests.fabricate import TEXT


def test_a_waiting_run_knows_what_goes_first(tmp_path: Path) -> None:
    store = RunStore(tmp_path, now=itertools.count(1_700_000_000).__next__)
    working, second, third = (store.create(TEXT) for _ in range(3))
    for run in (working, second, third):
        store.enqueue(run, "process")
    os.rename(store.queue / working.id, store.active / working.id)
    assert [run.id for run in store.ahead_of(second)] == [working.id]
    assert [run.id for run in store.ahead_of(third)] == [working.id, second.id]
