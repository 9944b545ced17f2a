"""Runs of imported code: in a process of their own, whole by themselves, and as any run besides."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from engine.batch_size.search import TrialsFailed, find_batch_size
from engine.errors import BadInput, EngineError
from engine.frozen import with_changes
from engine.launch.dispatcher import Dispatcher
from engine.launch.launchers import ProcessLauncher, RunsApart, ThreadLauncher
from engine.launch.worker import train_spec, work
from engine.models.build import NoCode, build_model
from engine.models.imported.library import CODE, CodeLibrary, CodeRefused, in_the_way
from engine.models.size import size_of
from engine.run_spec import RunSpec
from engine.runs.lineage import fork
from engine.runs.run import Run
from engine.runs.spec_words import model_words
from engine.runs.state import ACTIVE
from engine.runs.store import RunStore
from tests.engine.equality import assert_same_bits
from tests.engine.facts import TABLE
from tests.engine.imported.table import files_of, spec_of

ROOT = Path(__file__).parents[3]


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs")


def tabular(store: RunStore, steps: int = 20, *, consent: bool = True) -> RunSpec:
    """A model with dropout, so that random numbers matter."""
    changes = {"training.length.amount": steps, "training.checkpointing.every_steps": 7}
    return with_changes(spec_of(store, "tabular", consent=consent), changes)


def wait(run: Run, until: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, (run.state(), run.events()[0])
        time.sleep(0.02)


def ended(run: Run) -> bool:
    return run.state().status not in ACTIVE and not run.is_owned()


# -- what is never done ----------------------------------------------------------------------------


def test_a_thread_of_the_server_refuses(store: RunStore) -> None:
    run = store.create(tabular(store))
    with pytest.raises(RunsApart, match="process of its own"):
        ThreadLauncher().start(store, run.id)
    assert [p.path for p in in_the_way(run.spec.model, store.root, "thread")] == ["launcher"]
    assert [*in_the_way(run.spec.model, store.root, "process")] == []


@pytest.mark.parametrize("launcher", ["thread", "foreground"])
def test_a_worker_in_this_process_refuses_and_the_run_says_why(
    store: RunStore, launcher: str
) -> None:
    run = store.create(tabular(store))
    state = work(store, run.id, launcher=launcher)
    assert state.status == "failed"
    assert "only run in a process of its own" in state.reason
    assert "model" not in sys.modules


def test_auto_is_a_process_also_beside_a_gpu(store: RunStore) -> None:
    dispatcher = Dispatcher(store)
    dispatcher._fastest = "cuda"
    wanted = with_changes(tabular(store), {"training.hardware.device": "auto"})
    assert dispatcher.slots_of(store.create(wanted)) == {"cuda"}


def test_nobody_trains_without_consent(store: RunStore) -> None:
    run = store.create(tabular(store, consent=False))
    with pytest.raises(CodeRefused, match="nobody has consented"):
        ProcessLauncher().start(store, run.id)
    assert "nobody has consented" in work(store, run.id, launcher="process").reason


def test_a_setting_refuses_it_all(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    run = store.create(tabular(store))
    with monkeypatch.context() as patch:
        patch.setenv("TRAINDECK_IMPORTED_CODE", "off")
        with pytest.raises(CodeRefused, match="set to 'off'"):
            ProcessLauncher().start(store, run.id)
        assert [p.path for p in in_the_way(run.spec.model, store.root)] == ["model.code"]


def test_a_run_of_code_that_is_not_there_is_not_made(store: RunStore) -> None:
    wanted = with_changes(tabular(store), {"model.code": "0" * 64})
    with pytest.raises(CodeRefused, match="Code 000000000000"):
        store.create(wanted)
    assert store.list() == []
    assert not list(store.root.glob(".new-*"))


def test_no_size_is_made_up_and_nothing_is_built_without_its_files(store: RunStore) -> None:
    model = tabular(store).model
    assert size_of(model, TABLE) is None
    assert model_words(model) == "tabular"
    with pytest.raises(NoCode, match="not at hand"):
        build_model(model, TABLE)


@pytest.mark.parametrize("file", ["../x.py", "/x.py", "a/../x.py", "a\\x.py", "model.txt", ""])
def test_a_file_outside_of_the_code_is_no_file_of_it(store: RunStore, file: str) -> None:
    with pytest.raises(BadInput, match=r"model\.file"):
        with_changes(tabular(store), {"model.file": file})


def test_no_batch_size_is_searched_for_with_code_that_has_not_been_allowed(
    store: RunStore,
) -> None:
    with pytest.raises(TrialsFailed, match="imported code is not measured"):
        find_batch_size(tabular(store), memory_bytes=1)


# -- what is done ----------------------------------------------------------------------------------


def test_a_run_holds_its_code(store: RunStore) -> None:
    run = store.create(tabular(store))
    folder = run.folder / CODE
    assert (folder / "model.py").read_bytes() == files_of("tabular")["model.py"]
    assert {stat.S_IMODE(p.stat().st_mode) for p in (folder, *folder.iterdir())} == {0o700, 0o600}


@pytest.mark.slow
def test_killed_and_resumed_it_ends_with_the_same_bits_and_a_fork_takes_its_code(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "hunter2")
    wanted = tabular(store, 150)
    run, launcher = store.create(wanted), ProcessLauncher()
    launcher.start(store, run.id)
    wait(run, lambda: run.is_owned() and run.state().step > 20)
    worker = psutil.Process(run.state().pid)
    assert "hunter2" not in worker.environ().values()
    assert os.getsid(worker.pid) != os.getsid(0)
    os.kill(worker.pid, signal.SIGKILL)
    wait(run, lambda: not run.is_owned())
    (store.active / run.id).touch()
    assert store.sweep() == [run.id]
    store.enqueue(run, "process")
    launcher.start(store, run.id)
    wait(run, lambda: ended(run))
    assert (run.state().status, run.state().attempt) == ("completed", 2), run.state().reason
    reference = train_spec(wanted, store.root)
    assert reference.status == "completed"
    newest = next(store.open(row.id) for row in store.list() if row.id != run.id)
    assert_same_bits(run, newest)
    child = fork(store, run, run.checkpoint_steps()[-2], {})
    assert (child.folder / CODE / "model.py").read_bytes() == files_of("tabular")["model.py"]


@pytest.mark.slow
def test_code_that_was_changed_in_the_run_is_refused(store: RunStore) -> None:
    run = store.create(tabular(store))
    (run.folder / CODE / "model.py").write_text("import os")
    ProcessLauncher().start(store, run.id)
    wait(run, lambda: ended(run) and run.state().status != "queued")
    assert run.state().status == "failed"
    assert "were changed" in run.state().reason


@pytest.mark.slow
def test_the_command_line_brings_in_tries_and_trains(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_bytes(files_of("tabular")["model.py"])

    def engine(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "engine", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    brought = engine("models", "import", "model.py")
    code = brought.stdout.strip()
    assert "Model: Model(in_features, out_features, hidden, dropout)" in brought.stderr
    made = engine("models", "spec", code[:8], "--data", "wine")
    assert "in_features = 13: From the data: 13 columns." in made.stderr
    spec = RunSpec.parse_json(made.stdout)
    short = {"training.length.amount": 60, "training.evaluation.every_steps": 60}
    (tmp_path / "spec.json").write_text(with_changes(spec, short).to_json())
    refused = engine("train", "spec.json")
    assert (refused.returncode, "nobody has consented" in refused.stderr) == (2, True)
    CodeLibrary(tmp_path / "runs").allow(code)
    checked = engine("model-check", "spec.json")
    assert (checked.returncode, "It works: 275 parameters" in checked.stdout) == (0, True)
    trained = engine("train", "spec.json")
    assert trained.returncode == 0, trained.stderr
    assert "Completed all 60 steps" in trained.stdout


def test_every_refusal_is_one_that_the_user_can_mend() -> None:
    assert issubclass(CodeRefused, EngineError)
    assert issubclass(RunsApart, EngineError)
