"""A disk that fills while training: the run waits, says so, loses nothing and goes on by itself."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.runs.run import Run
from engine.runs.store import RunStore
from engine.training_config import TrainingConfig
from tests.engine.equality import assert_same_bits
from tests.engine.training import config, trained

LONG = config(
    length={"amount": 400}, evaluation={"every_steps": 100}, checkpointing={"every_steps": 50}
)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def _fill(disk: Path) -> Path:
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (4096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
    return ballast


def _training(store: RunStore, training: TrainingConfig = LONG) -> tuple[threading.Thread, Run]:
    thread = threading.Thread(target=trained, args=(store.root, training), daemon=True)
    thread.start()
    while not store.list():
        time.sleep(0.01)
    return thread, store.open(store.list()[0].id)


def _wait(run: Run, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, run.state()
        time.sleep(0.01)


def test_training_waits_for_space_and_ends_with_the_same_bits(
    small_disk: Path, tmp_path: Path
) -> None:
    store = RunStore(small_disk / "runs")
    thread, run = _training(store)
    _wait(run, lambda: run.state().step > 60)
    ballast = _fill(small_disk)
    _wait(run, lambda: run.state().status == "paused")
    assert "No space left on device" in run.state().reason
    held_at = run.state().step
    time.sleep(0.5)
    assert run.state().step == held_at
    ballast.unlink()
    thread.join(60)
    assert run.state().status == "completed"
    reference = RunStore(tmp_path / "reference")
    trained(reference.root, LONG)
    assert_same_bits(run, reference.open(reference.list()[0].id))


def test_a_run_that_waits_for_space_can_be_ended(small_disk: Path) -> None:
    store = RunStore(small_disk / "runs")
    thread, run = _training(store, config(length={"amount": 1_000_000}))
    _wait(run, lambda: run.state().step > 60)
    _fill(small_disk)
    _wait(run, lambda: run.state().status == "paused")
    run.request("stop")
    thread.join(60)
    assert not thread.is_alive()
    assert not run.is_owned()
    assert run.state().status in ("interrupted", "paused")  # whichever could still be written
    assert RunStore(small_disk / "runs").sweep() in ([], [run.id])
