"""A disk that fills while training: the run waits, says so, loses nothing and goes on by itself."""

from __future__ import annotations

import contextlib
import errno
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine import attempt as attempts
from engine.control import Control, Ended
from engine.runs.reporter import NotBegun, RunReporter, reporting
from engine.runs.run import Run
from engine.runs.store import RunStore
from engine.training_loop import StepResult, TrainingLoop
from tests.engine.equality import assert_same_bits
from tests.engine.training import config, trained
from tests.fabricate import TEXT

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


def _fill(disk: Path) -> None:
    with (disk / "ballast").open("wb", buffering=0) as file:
        for size in (4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"\0" * size)


class FillingLoop(TrainingLoop):
    """A loop during whose 60th update somebody else fills the disk."""

    disk: Path

    def update(self, *, measure: bool = False) -> StepResult:
        if self.progress.step == 59:
            _fill(self.disk)
        return super().update(measure=measure)


@pytest.fixture
def waiting(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[threading.Thread, Run]]:
    """A run that waits for space, and the thread that trains it."""
    monkeypatch.setattr(FillingLoop, "disk", small_disk, raising=False)
    monkeypatch.setattr(attempts, "TrainingLoop", FillingLoop)
    store = RunStore(small_disk / "runs")
    thread = threading.Thread(target=trained, args=(store.root, LONG), daemon=True)
    thread.start()
    _wait(lambda: bool(store.list()))
    run = store.open(store.list()[0].id)
    _wait(lambda: run.state().status == "paused")
    yield thread, run
    thread.join(60)
    assert not thread.is_alive()


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_training_waits_for_space_and_ends_with_the_same_bits(
    waiting: tuple[threading.Thread, Run], small_disk: Path, tmp_path: Path
) -> None:
    thread, run = waiting
    assert "No space left on device" in run.state().reason
    held_at = run.state().step
    time.sleep(0.5)
    assert run.state().step == held_at
    (small_disk / "ballast").unlink()
    thread.join(60)
    assert run.state().status == "completed"
    reference = RunStore(tmp_path / "reference")
    trained(reference.root, LONG)
    assert_same_bits(run, reference.open(reference.list()[0].id))


def test_a_run_that_waits_for_space_can_be_ended(
    waiting: tuple[threading.Thread, Run],
) -> None:
    thread, run = waiting
    run.request("stop")
    thread.join(60)
    assert not run.is_owned()
    assert run.state().status in ("interrupted", "paused")  # whichever could still be written
    assert RunStore(run.folder.parent).sweep() in ([], [run.id])


@pytest.fixture
def starting(request: pytest.FixtureRequest, small_disk: Path) -> Iterator[Starting]:
    """A run that is started on a disk with so many free bytes."""
    run = RunStore(small_disk / "runs").create(TEXT)
    room = small_disk / "room"
    room.write_bytes(b"\0" * request.param)
    _fill(small_disk)
    room.unlink()
    started = Starting(run)
    started.thread.start()
    yield started
    started.thread.join(60)
    assert not started.thread.is_alive()


class Starting:
    """A start in a thread, and whether it was given up."""

    def __init__(self, run: Run) -> None:
        self.run, self.given_up = run, False
        self.thread = threading.Thread(target=self._train, daemon=True)

    def _train(self) -> None:
        try:
            trained(self.run, config())
        except NotBegun:
            self.given_up = True


LITTLE, NOTHING = 32_768, 0
"""Free bytes: too few for the reserve, too few for anything."""
left_free = pytest.mark.parametrize("starting", [LITTLE, NOTHING], indirect=True)


@left_free
def test_a_start_on_a_full_disk_waits_for_space_and_makes_the_same_bits(
    starting: Starting, small_disk: Path, tmp_path: Path
) -> None:
    run = starting.run
    time.sleep(0.5)
    assert starting.thread.is_alive()
    assert run.is_owned()
    assert run.state().status != "running"
    (small_disk / "ballast").unlink()
    starting.thread.join(60)
    assert run.state().status == "completed"
    assert not list((small_disk / "runs" / ".active").iterdir())
    reference = RunStore(tmp_path / "reference")
    trained(reference.root, config())
    assert_same_bits(run, reference.open(reference.list()[0].id))


@pytest.mark.parametrize("starting", [LITTLE], indirect=True)
def test_a_start_that_waits_for_space_says_so(starting: Starting) -> None:
    _wait(lambda: starting.run.state().status == "paused")
    assert "No space left on device" in starting.run.state().reason
    starting.run.request("stop")


@left_free
def test_a_start_that_waits_for_space_can_be_ended_and_made_again(
    starting: Starting, small_disk: Path
) -> None:
    run, store = starting.run, RunStore(starting.run.folder.parent)
    _wait(run.is_owned)
    run.request("stop")
    starting.thread.join(60)
    assert starting.given_up
    (small_disk / "ballast").unlink()
    assert store.sweep() == []
    assert run.state().status in ("stopped", "queued")  # as it was, where nothing can be written
    assert not list(store.active.iterdir())
    assert trained(run, config()).status == "completed"


def test_what_passes_leaves_the_reserve_to_what_has_changed(small_disk: Path) -> None:
    """A phase that uses it up leaves nothing to say that the run waits, while others write."""
    run = RunStore(small_disk / "runs").create(TEXT)
    with reporting(run, "foreground") as reporter:
        _fill(small_disk)
        reporter.change(phase="saving")
        reporter.event("alert", "Too long for what is left of a block. " * 200)
        reporter.event("checkpoint", "Saved.")
        reporter.change(status="paused", reason="No space.")
        _fill(small_disk)  # somebody else takes what the reserve has left
        reporter.change(phase="training")
        assert run.state().status == "paused"
        assert run.events()[0] == []
        (small_disk / "ballast").unlink()
        _wait(lambda: run.state().phase == "training")
        _wait(lambda: len(run.events()[0]) == 2)
        assert [(e["kind"], e["step"]) for e in run.events()[0]] == [
            ("alert", 0),
            ("checkpoint", 0),
        ]


class TooLittle:
    """Training whose small files fit on the disk, but not its checkpoint."""

    def __init__(self) -> None:
        self.asked = 0

    def can_write(self) -> bool:
        self.asked += 1
        return True


def test_space_that_is_too_little_is_waited_for_and_a_stop_is_obeyed(tmp_path: Path) -> None:
    run = RunStore(tmp_path).open(trained(tmp_path, config()).run_id)
    reporter, full = RunReporter(run, run.state()), OSError(errno.ENOSPC, "No space left")
    training = TooLittle()
    control = Control(reporter, training)  # type: ignore[arg-type]
    events = len(run.events()[0])
    began = time.monotonic()
    for _ in range(5):
        control.hold_for_disk(full)
    assert time.monotonic() - began > 0.05 * (1 + 2 + 4 + 8)
    assert [e["kind"] for e in run.events()[0][events:]] == ["disk", "continued"]
    reporter.pending.append("stop")
    with pytest.raises(Ended, match="on a full disk"):
        control.hold_for_disk(full)
