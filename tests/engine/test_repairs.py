"""What a review found, each held by a test: data positions, queues, requests, disks."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from engine.checkpoint import MANIFEST, CheckpointKeeper
from engine.errors import NoGoodCheckpoint, RunIsBusy, UnreadableRun
from engine.launch.dispatcher import Dispatcher
from engine.runs.files import write_whole
from engine.runs.reporter import RunReporter
from engine.runs.run import Run
from engine.runs.state import RunState
from engine.runs.store import RunStore
from engine.trainer import Trainer
from engine.training_config import CheckpointingConfig
from tests.engine.training import TASK, config, model, points, trained
from tests.fabricate import TEXT


def _only(root: Path) -> Run:
    store = RunStore(root)
    return store.open(store.list()[0].id)


class Starts:
    """A launcher that notes what it was to start, or fails to."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.started: list[str] = []
        self._failure = failure

    def start(self, store: RunStore, run_id: str) -> None:
        if self._failure:
            raise self._failure
        self.started.append(run_id)

    def stop(self, timeout_s: float) -> None: ...


def _queued(store: RunStore) -> Run:
    run = store.create(TEXT)
    store.enqueue(run, "process")
    return run


def test_one_damaged_run_does_not_stop_the_queue(tmp_path: Path) -> None:
    store, launcher = RunStore(tmp_path), Starts()
    damaged, good = _queued(store), _queued(store)
    (damaged.folder / "run.json").write_text("{")
    Dispatcher(store, {"process": launcher}).tick()
    assert launcher.started == [good.id]


@pytest.mark.parametrize("failure", [OSError(errno.EAGAIN, "again"), RuntimeError("no thread")])
def test_a_launcher_that_cannot_start_says_why_in_the_run(
    tmp_path: Path, failure: Exception
) -> None:
    store = RunStore(tmp_path)
    run = _queued(store)
    Dispatcher(store, {"process": Starts(failure)}).tick()
    assert run.state().status == "failed"
    assert str(failure) in run.state().reason
    assert not list(store.active.iterdir())


def test_a_run_that_cannot_be_written_waits_in_the_queue_and_keeps_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store, launcher = RunStore(tmp_path), Starts()
    stuck, other = _queued(store), _queued(store)
    write = Run.write_state

    def refused(run: Run, state: RunState, *, durable: bool = False) -> None:
        if run.id == stuck.id:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(run, state, durable=durable)

    with monkeypatch.context() as full:
        full.setattr(Run, "write_state", refused)
        dispatcher = Dispatcher(store, {"process": launcher})
        for _ in range(3):
            dispatcher.tick()
    assert launcher.started == [other.id]
    assert (stuck.state().status, [*store.queue.iterdir()]) == ("queued", [store.queue / stuck.id])
    assert caplog.text.count("No space left on device") == 1
    (store.active / other.id).unlink()
    dispatcher.tick()
    assert launcher.started == [other.id, stuck.id]


def test_a_run_claimed_by_a_server_that_died_goes_back_to_the_queue(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    run = _queued(store)
    os.rename(store.queue / run.id, store.active / run.id)
    assert store.sweep() == []
    assert (store.active / run.id).exists()  # its server may just be about to start it
    store.sweep(starting_s=0)
    assert (store.queue / run.id).exists()
    assert run.state().status == "queued"


def test_a_run_that_fell_between_creation_and_queue_can_be_resumed(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    run, waiting = store.create(TEXT), _queued(store)
    store.recover()
    assert (run.state().status, waiting.state().status) == ("stopped", "queued")
    store.enqueue(run)
    assert run.state().status == "queued"


KILLED = """
import os, sys
from engine.runs.store import RunStore
from tests.fabricate import TEXT
RunStore(sys.argv[1]).create(TEXT, fill=lambda run: os._exit(9))
"""


def test_a_run_whose_maker_was_killed_is_nothing_and_goes_when_it_is_old(tmp_path: Path) -> None:
    store, later = RunStore(tmp_path), RunStore(tmp_path, now=lambda: time.time() + 2 * 86_400)
    assert subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)]).returncode == 9
    (left,) = tmp_path.glob(".new-*")
    store.recover()
    assert left.exists()  # another machine may be at it
    with Run(left).owned():
        later.recover()
    assert left.exists()
    later.recover()
    assert not left.exists()
    assert not store.list()


@pytest.mark.parametrize("marker", ["queue", "active"])
def test_a_run_is_not_queued_twice(tmp_path: Path, marker: str) -> None:
    store = RunStore(tmp_path)
    run = _queued(store)
    if marker == "active":
        os.rename(store.queue / run.id, store.active / run.id)
    with pytest.raises(RunIsBusy):
        store.enqueue(run)


def test_a_request_that_came_too_late_is_not_obeyed_by_the_next_attempt(tmp_path: Path) -> None:
    run = RunStore(tmp_path).create(TEXT)
    run.write_state(RunState(status="stopped", step=0))
    run.request("stop")
    assert trained(run).status == "completed"


class Noisy(Dataset[tuple[Tensor, Tensor]]):
    """Held-out samples with random augmentation from the global generator."""

    def __len__(self) -> int:
        return 20

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        inputs, targets = points(20)
        return inputs[index] + torch.randn(2), targets[index]


def test_how_often_is_validated_does_not_change_the_training(tmp_path: Path) -> None:
    losses = []
    for every in (5, 1000):
        training = config(evaluation={"every_steps": every})
        root = tmp_path / str(every)
        trainer = Trainer(model=model(), training_config=training, task_spec=TASK, run=root)
        trainer.train(train_data=points(), val_data=Noisy())
        losses.append(_only(root).series("train/loss").value.tolist())
    assert losses[0] == losses[1]


def test_validating_on_request_judges_nothing(tmp_path: Path) -> None:
    patient = config(
        length={"amount": 100},
        optimizer={"name": "sgd", "lr": 1e-9},
        evaluation={"every_steps": 10},
        early_stopping={"patience": 3, "min_delta": 0.1},
    )
    run = RunStore(tmp_path).create(TEXT)
    for _ in range(5):
        run.request("validate")
    assert trained(run, patient).steps == 40
    assert run.series("val/loss").step.tolist() == [0, 0, 0, 0, 0, 10, 20, 30, 40]


def test_a_passing_read_error_costs_no_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunStore(tmp_path).open(trained(tmp_path).run_id)
    checkpoints = run.folder / "checkpoints"
    before = run.checkpoint_steps()
    real = Path.open

    def exhausted(path: Path, *args: Any) -> Any:
        if path.name == MANIFEST:
            raise OSError(errno.EMFILE, "Too many open files")
        return real(path, *args)

    monkeypatch.setattr(Path, "open", exhausted)
    with pytest.raises(OSError, match="Too many open files"):
        CheckpointKeeper(checkpoints, CheckpointingConfig()).open_latest()
    assert run.checkpoint_steps() == before


def test_with_only_damaged_checkpoints_nothing_is_thrown_away(tmp_path: Path) -> None:
    run = RunStore(tmp_path).open(trained(tmp_path).run_id)
    for folder in (run.folder / "checkpoints").iterdir():
        (folder / "model.safetensors").write_bytes(b"")
    points_before = run.series("train/loss").step.tolist()
    with pytest.raises(NoGoodCheckpoint, match="delete the checkpoints in"):
        trained(run)
    assert run.state().status == "failed"
    assert run.series("train/loss").step.tolist() == points_before
    shutil.rmtree(run.folder / "checkpoints")
    (run.folder / "checkpoints").mkdir()
    assert trained(run).status == "completed"


def test_the_training_accuracy_is_that_of_the_whole_update(tmp_path: Path) -> None:
    values = []
    for size, parts in ((14, 5), (70, 1)):
        training = config(
            length={"amount": 1},
            scheduler={"name": "constant"},
            batching={"batch_size": size, "accumulate": parts, "shuffle": False},
        )
        torch.manual_seed(5)
        net = nn.Sequential(nn.Linear(2, 16), nn.GELU(), nn.Linear(16, 4))
        result = trained(tmp_path / str(parts), training, net)
        values.append(result.metrics["train/accuracy"])
    assert 0 < values[0] < 1
    assert values[0] == pytest.approx(values[1])


def test_a_reserve_that_could_not_be_filled_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunStore(tmp_path).create(TEXT)
    reporter = RunReporter(run, run.state())

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for _ in range(2):
        with pytest.raises(OSError, match="No space"):
            reporter.hold_reserve()


def test_two_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    path, failures = tmp_path / "labels.json", []

    def write(text: str) -> None:
        try:
            for _ in range(200):
                write_whole(path, text)
        except OSError as error:
            failures.append(error)

    writers: list[Any] = [threading.Thread(target=write, args=(letter * 5000,)) for letter in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failures == []
    assert path.read_text() in ("a" * 5000, "b" * 5000)
    assert list(tmp_path.iterdir()) == [path]


def _refuse_once(monkeypatch: pytest.MonkeyPatch, path: Path) -> list[Path]:
    """Let the disk refuse a file the first time that it is read; what was refused."""
    refused: list[Path] = []
    read = Path.read_bytes

    def read_or_refuse(self: Path) -> bytes:
        if self == path and not refused:
            refused.append(self)
            raise OSError(errno.EIO, "Input/output error")
        return read(self)

    monkeypatch.setattr(Path, "read_bytes", read_or_refuse)
    return refused


@pytest.mark.parametrize("name", ["run.json", "state.json"])
def test_an_error_that_passes_takes_no_marker_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    store = RunStore(tmp_path)
    live, waiting = store.create(TEXT), _queued(store)
    live.write_state(RunState(status="running", phase="training", heartbeat=time.time()))
    (store.active / live.id).touch()
    starts = Starts()
    dispatcher = Dispatcher(RunStore(tmp_path), {"process": starts})
    with live.owned():
        refused = _refuse_once(monkeypatch, live.folder / name)
        with contextlib.suppress(UnreadableRun):
            dispatcher.tick()
        assert refused
        assert store.at_work() == {live.id, waiting.id}
        dispatcher.tick()
    assert starts.started == []  # the device is still taken


def test_a_queued_run_that_cannot_be_read_just_now_lets_others_go_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, starts = RunStore(tmp_path), Starts()
    first, second = _queued(store), _queued(store)
    _refuse_once(monkeypatch, first.folder / "state.json")
    dispatcher = Dispatcher(RunStore(tmp_path), {"process": starts})
    dispatcher.tick()
    assert starts.started == [second.id]
    assert (store.queue / first.id).exists()


def test_an_error_that_passes_is_not_kept_as_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RunStore(tmp_path)
    run = store.create(TEXT)
    _refuse_once(monkeypatch, run.folder / "state.json")
    (refused,) = store.index.entries()
    assert "cannot be read just now" in refused.damage
    assert store.index.entries()[0].damage == ""
    _refuse_once(monkeypatch, run.folder / "run.json")
    assert store.summary(run.id).damage
    assert store.summary(run.id).damage == ""
