"""One contract for every launcher, and the queue before them."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from engine.data.specs import DigitsSpec
from engine.errors import RunIsBusy
from engine.launch.dispatcher import Dispatcher
from engine.launch.launchers import LAUNCHERS, Launcher, resolved
from engine.launch.worker import train_spec, work
from engine.models.specs import MLPSpec
from engine.run_spec import RunSpec
from engine.runs.run import Run
from engine.runs.state import ACTIVE, LauncherName, Status
from engine.runs.store import RunStore
from engine.task_spec import TaskSpec
from tests.engine.equality import assert_same_bits, curves
from tests.engine.training import config


def spec(steps: int = 60, **changes: object) -> RunSpec:
    changes = {"checkpointing": {"every_steps": 20}} | changes
    training = config(length={"amount": steps}, **changes)
    return RunSpec(
        task=TaskSpec(kind="image-classification"),
        model=MLPSpec(width=16, dropout=0.1),
        data=DigitsSpec(),
        training=training,
    )


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path)


def wait(run: Run, until: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, (run.state(), run.events()[0])
        time.sleep(0.02)


def wait_for(run: Run, status: Status) -> None:
    wait(run, lambda: run.state().status not in ACTIVE - {status})
    assert run.state().status == status, run.state()


class LauncherContract:
    """What every launcher must do; inherited below."""

    name: LauncherName
    launcher: Launcher
    check_worker: Callable[[int | None], None]

    @pytest.fixture(autouse=True)
    def _fresh(self) -> Iterator[None]:
        self.launcher = LAUNCHERS[self.name]()
        yield
        self.launcher.stop(20)

    def begun(self, store: RunStore, wanted: RunSpec) -> Run:
        run = store.create(wanted)
        self.launcher.start(store, run.id)
        return run

    def test_a_run_is_trained_to_its_end_with_the_bits_of_the_foreground(
        self, store: RunStore, tmp_path: Path
    ) -> None:
        run = self.begun(store, spec())
        wait_for(run, "completed")
        state = run.state()
        assert (state.step, state.launcher, state.attempt) == (60, self.name, 1)
        assert run.last("train/loss") is not None
        assert run.checkpoint_steps()[-2:] == [50, 60]  # 60 is the last step, 50 was a new best
        wait(run, lambda: not run.is_owned())
        train_spec(spec(), tmp_path / "reference")
        other = RunStore(tmp_path / "reference")
        assert_same_bits(run, other.open(other.list()[0].id))

    def test_pause_resume_checkpoint_validate_and_stop(
        self, store: RunStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WANDB_API_KEY", "hunter2")
        run = self.begun(store, spec(1_000_000))
        wait(run, lambda: run.state().step > 5)
        self.check_worker(run.state().pid)
        run.request("pause")
        wait_for(run, "paused")
        step = run.state().step
        assert run.checkpoint_steps()[-1] == step
        time.sleep(0.3)
        assert run.state().step == step
        run.request("resume")
        wait(run, lambda: run.state().step > step)
        run.request("checkpoint")
        run.request("validate")
        run.request("stop-and-save")
        wait_for(run, "stopped")
        assert run.checkpoint_steps()[-1] == run.state().step
        assert run.series("val/loss").step[-1] <= run.state().step
        assert [event["kind"] for event in run.events()[0]].count("paused") == 1

    def test_stop_does_not_save(self, store: RunStore) -> None:
        never = {"every_steps": 1_000_000, "keep_best": False}
        run = self.begun(store, spec(1_000_000, checkpointing=never))
        wait(run, lambda: run.state().step > 5)
        run.request("stop")
        wait_for(run, "stopped")
        assert run.checkpoint_steps() == []

    def test_what_the_user_can_cause_is_a_reason_not_a_traceback(self, store: RunStore) -> None:
        run = self.begun(store, spec(hardware={"device": "cuda"}))
        wait_for(run, "failed")
        assert "hardware.device is 'cuda'" in run.state().reason
        assert "Choose 'auto'" in run.state().reason

    def test_a_diverged_run_says_so_and_diverges_again_when_it_is_resumed(
        self, store: RunStore
    ) -> None:
        hot = {"name": "sgd", "lr": 100.0, "weight_decay": 10.0}
        run = self.begun(store, spec(2000, optimizer=hot, gradients={"clip_norm": None}))
        wait_for(run, "failed")
        first = run.state(), curves(run)
        assert "diverged at step" in first[0].reason
        assert run.checkpoint_steps() == []
        logged = run.last("train/loss"), run.last("optim/grad_norm")
        assert any(point and point[0] == run.state().step + 1 for point in logged)
        wait(run, lambda: not run.is_owned())
        store.enqueue(run, self.name)
        self.launcher.start(store, run.id)
        wait(run, lambda: run.state().attempt == 2)
        wait_for(run, "failed")
        assert (run.state().reason, curves(run)) == (first[0].reason, first[1])


class TestThreadLauncher(LauncherContract):
    name = "thread"

    def check_worker(self, pid: int | None) -> None:
        """It is this process."""
        assert pid == os.getpid()

    def test_a_closing_server_saves_and_interrupts(self, store: RunStore) -> None:
        run = self.begun(store, spec(1_000_000))
        wait(run, lambda: run.state().step > 5)
        self.launcher.stop(20)
        assert run.state().status == "interrupted"
        assert run.checkpoint_steps()[-1] == run.state().step


class TestProcessLauncher(LauncherContract):
    name = "process"

    def check_worker(self, pid: int | None) -> None:
        """It gets no secrets, and does not end with the terminal."""
        worker = psutil.Process(pid)
        assert "hunter2" not in worker.environ().values()
        assert os.getsid(worker.pid) != os.getsid(0)

    def test_killed_at_any_moment_and_resumed_it_ends_with_the_same_bits(
        self, store: RunStore, tmp_path: Path
    ) -> None:
        slow = spec(600, checkpointing={"every_steps": 7}, evaluation={"every_steps": 50})
        run = self.begun(store, slow)
        for further, delay_s in ((20, 0.0), (40, 0.23)):
            wait(run, lambda: run.is_owned() and run.state().step > further)  # noqa: B023
            time.sleep(delay_s)
            os.kill(run.state().pid or 0, signal.SIGKILL)
            wait(run, lambda: not run.is_owned())
            (store.active / run.id).touch()
            assert store.sweep() == [run.id]
            assert run.state().status == "interrupted"
            store.enqueue(run, "process")
            self.launcher.start(store, run.id)
        wait_for(run, "completed")
        train_spec(slow, tmp_path / "reference")
        other = RunStore(tmp_path / "reference")
        assert run.state().attempt == 3
        assert_same_bits(run, other.open(other.list()[0].id))


# -- the queue -------------------------------------------------------------------------------------


class RecordingLauncher:
    """Begins nothing; holds the run's ownership as a worker would, until told to end."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self._ends: dict[str, threading.Event] = {}
        self._threads: list[threading.Thread] = []

    def start(self, store: RunStore, run_id: str) -> None:
        self.started.append(run_id)
        owned, end = threading.Event(), threading.Event()
        self._ends[run_id] = end

        def hold() -> None:
            run = store.open(run_id)
            with run.owned():
                owned.set()
                end.wait(20)
                run.write_state(run.state().model_copy(update={"status": "completed"}))
                (store.active / run_id).unlink()

        thread = threading.Thread(target=hold, daemon=True)
        self._threads.append(thread)
        thread.start()
        owned.wait(5)

    def finish(self, run_id: str) -> None:
        self._ends[run_id].set()
        self._threads[self.started.index(run_id)].join()

    def stop(self, timeout_s: float) -> None:
        for end in self._ends.values():
            end.set()
        for thread in self._threads:
            thread.join()


@pytest.fixture
def recorder() -> Iterator[RecordingLauncher]:
    launcher = RecordingLauncher()
    yield launcher
    launcher.stop(0)


def _queued(store: RunStore, count: int) -> list[Run]:
    runs = [store.create(spec()) for _ in range(count)]
    for run in runs:
        store.enqueue(run, "process")
        time.sleep(0.002)
    return runs


def test_one_run_a_device_the_others_wait_in_order(
    store: RunStore, recorder: RecordingLauncher
) -> None:
    first, second, third = _queued(store, 3)
    dispatcher = Dispatcher(store, {"process": recorder})
    dispatcher.tick()
    dispatcher.tick()
    assert recorder.started == [first.id]
    recorder.finish(first.id)
    dispatcher.tick()
    assert recorder.started == [first.id, second.id]
    assert store.unqueue(third)
    recorder.finish(second.id)
    dispatcher.tick()
    assert recorder.started == [first.id, second.id]
    assert third.state().status == "stopped"


def test_two_servers_on_one_folder_start_a_run_once(
    store: RunStore, recorder: RecordingLauncher
) -> None:
    runs = _queued(store, 1)
    servers = [Dispatcher(store, {"process": recorder}) for _ in range(4)]
    ticks = [threading.Thread(target=server.tick) for server in servers]
    for tick in ticks:
        tick.start()
    for tick in ticks:
        tick.join()
    assert recorder.started == [runs[0].id]


def test_a_new_server_marks_what_died_with_the_old_one(store: RunStore) -> None:
    run = store.create(spec())
    dead = {"status": "running", "step": 12, "pid": 1, "phase": "training"}
    run.write_state(run.state().model_copy(update=dead))
    (store.active / run.id).touch()
    Dispatcher(store, {}).tick()
    assert run.state().status == "interrupted"
    assert "after step 12" in run.state().reason


def test_a_second_worker_is_refused(store: RunStore) -> None:
    run = store.create(spec())
    with run.owned(), pytest.raises(RunIsBusy, match=run.id):
        work(store, run.id)


def test_two_threads_of_one_process_do_not_train_at_once(
    store: RunStore, recorder: RecordingLauncher
) -> None:
    for device in ("cpu", "cuda"):
        store.enqueue(store.create(spec(hardware={"device": device})), "thread")
    dispatcher = Dispatcher(store, {"thread": recorder, "process": recorder})
    dispatcher.tick()
    assert len(recorder.started) == 1


@pytest.mark.parametrize(
    ("asked", "on_gpu", "expected"),
    [("auto", False, "process"), ("auto", True, "thread"), ("process", True, "process")],
)
def test_auto_is_a_thread_only_on_a_gpu(
    asked: LauncherName, on_gpu: bool, expected: LauncherName
) -> None:
    assert resolved(asked, on_gpu=on_gpu) == expected
