"""A checkpoint is written while training goes on, and holds what was there when it was taken."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
from torch import nn

from engine import checkpoint
from engine.checkpoint import CheckpointKeeper, Snapshot
from engine.reproducibility import random_states
from engine.training_config import CheckpointingConfig

ROOT = Path(__file__).parents[2]


class Trained:
    """A model and an optimizer with a memory, and steps that change both."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.model = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2))
        self.optimizer = torch.optim.AdamW(self.model.parameters())
        self.average = {name: p.detach().clone() for name, p in self.model.named_parameters()}
        self.step()

    def step(self) -> None:
        self.model(torch.ones(3, 4)).sum().backward()
        self.optimizer.step()
        for average, parameter in zip(self.average.values(), self.model.parameters(), strict=True):
            average.lerp_(parameter.detach(), 0.5)

    def state(self) -> dict[str, object]:
        return {"optimizer": self.optimizer.state_dict(), "random": random_states()}


@pytest.fixture
def keeper(tmp_path: Path) -> CheckpointKeeper:
    return CheckpointKeeper(tmp_path, CheckpointingConfig())


def nothing() -> None:
    """What has to be done before."""


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_it_is_the_checkpoint_that_is_written_at_once(tmp_path: Path) -> None:
    trained = Trained()
    at_once = checkpoint.save(
        tmp_path, Snapshot.borrowed(5, trained.model, trained.state(), trained.average)
    )
    (tmp_path / "copy").mkdir()
    copy = Snapshot.of(5, trained.model, trained.state(), trained.average)
    trained.step()
    torch.rand(1)
    assert contents(checkpoint.save(tmp_path / "copy", copy)) == contents(at_once)


def test_training_goes_on_while_it_is_written(tmp_path: Path, keeper: CheckpointKeeper) -> None:
    trained, allowed = Trained(), threading.Event()
    expected = {name: p.detach().clone() for name, p in trained.model.named_parameters()}
    keeper.begin(Snapshot.of(1, trained.model, trained.state()), lambda: _until(allowed))
    assert keeper.busy
    assert keeper.finished() is None
    assert keeper.saved_step is None
    trained.step()
    allowed.set()
    keeper.wait()
    assert not keeper.busy
    assert keeper.finished() == tmp_path / "step-000000001"
    assert keeper.saved_step == 1
    assert keeper.finished() is None
    restored = Trained().model
    checkpoint.verified(tmp_path / "step-000000001").restore_model(restored)
    for name, parameter in restored.named_parameters():
        assert torch.equal(parameter, expected[name])


def _until(event: threading.Event) -> None:
    assert event.wait(30)


def test_the_metrics_are_on_the_disk_before_the_checkpoint_is(
    tmp_path: Path, keeper: CheckpointKeeper
) -> None:
    seen: list[list[str]] = []
    keeper.begin(
        Snapshot.of(1, nn.Linear(2, 2), {}),
        lambda: seen.append([path.name for path in tmp_path.iterdir()]),
    )
    keeper.wait()
    assert seen == [[]]
    assert keeper.finished() is not None


@pytest.mark.parametrize("fails", ["before", "write"])
def test_what_could_not_be_written_can_be_written_later(
    tmp_path: Path, keeper: CheckpointKeeper, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    trained = Trained()
    expected = trained.model[0].weight.detach().clone()
    keeper.save(keeper.snapshot(1, trained.model, trained.state()))
    with monkeypatch.context() as patch:
        if fails == "write":
            patch.setattr("os.write", full)
        keeper.begin(
            keeper.snapshot(2, trained.model, trained.state()),
            full if fails == "before" else nothing,
        )
        keeper.wait()
    assert [path.name for path in checkpoint.folders(tmp_path)] == ["step-000000001"]
    assert keeper.failed is None
    with pytest.raises(OSError, match="No space left"):
        keeper.finished()
    assert keeper.failed is not None
    assert keeper.finished() is None
    trained.step()
    keeper.snapshot(3, trained.model, trained.state())  # must leave the failed one alone
    failed = keeper.failed
    keeper.begin(failed, nothing)
    keeper.wait()
    assert keeper.finished() == tmp_path / "step-000000002"
    assert keeper.failed is None
    checkpoint.verified(tmp_path / "step-000000002").restore_model(trained.model)
    assert torch.equal(trained.model[0].weight, expected)


def test_snapshots_of_one_keeper_use_the_same_memory_again(keeper: CheckpointKeeper) -> None:
    trained = Trained()
    places = []
    for step in (1, 2):
        snapshot = keeper.snapshot(step, trained.model, trained.state(), trained.average)
        keeper.begin(snapshot, nothing)
        keeper.wait()
        keeper.finished()
        trained.step()
        places.append([tensor.data_ptr() for tensor in snapshot.weights.values()])
    assert places[0] == places[1]


def test_memory_is_used_again_only_where_it_fits() -> None:
    buffers = [torch.zeros(2), torch.zeros(3, dtype=torch.int64), torch.zeros(5)]
    odd, wide = torch.rand(3, 2).T, torch.rand(4)
    state = {"a": torch.ones(2), "b": torch.ones(3), "nested": [(odd, {"c": wide, "d": "text"})]}
    copy = Snapshot.of(1, nn.Module(), state, buffers=buffers)
    assert copy.state["a"] is buffers[0]
    assert torch.equal(copy.state["b"], state["b"])  # type: ignore[arg-type]
    (copied_odd, rest) = copy.state["nested"][0]
    assert torch.equal(copied_odd, odd)
    assert torch.equal(rest["c"], wide)
    assert rest["d"] == "text"
    assert [tuple(buffer.shape) for buffer in buffers] == [(2,), (3,), (2, 3), (4,)]


def test_one_is_written_at_a_time(keeper: CheckpointKeeper) -> None:
    allowed = threading.Event()
    keeper.begin(Snapshot.of(1, nn.Linear(2, 2), {}), lambda: _until(allowed))
    with pytest.raises(AssertionError, match="finished"):
        keeper.begin(Snapshot.of(2, nn.Linear(2, 2), {}), nothing)
    with pytest.raises(AssertionError, match="finished"):
        keeper.snapshot(2, nn.Linear(2, 2), {})
    allowed.set()
    keeper.save(Snapshot.of(3, nn.Linear(2, 2), {}))
    assert keeper.finished() is not None
    assert keeper.saved_step == 3


def test_going_back_waits_for_what_is_being_written(keeper: CheckpointKeeper) -> None:
    allowed = threading.Event()
    keeper.begin(Snapshot.of(4, nn.Linear(2, 2), {}), lambda: _until(allowed))
    threading.Timer(0.2, allowed.set).start()
    found, _ = keeper.open_latest()
    assert found is not None
    assert found.step == 4


KILLED = """
import os, signal, sys
from pathlib import Path
import torch
from torch import nn
from engine.checkpoint import CheckpointKeeper, Snapshot
from engine.training_config import CheckpointingConfig

def dying(original, at, calls):
    def call(*arguments, **options):
        calls.append(1)
        if len(calls) == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **options)
    return call

def train(root, at):
    keeper = CheckpointKeeper(root, CheckpointingConfig())
    model = nn.Linear(100, 100)
    keeper.save(Snapshot.of(1, model, {}))
    calls = []
    os.fsync, os.replace = dying(os.fsync, at, calls), dying(os.replace, at, calls)
    os.write = dying(os.write, at, calls)
    average = {"weight": torch.ones(100, 100)}
    keeper.begin(Snapshot.of(2, model, {"x": torch.ones(9)}, average), lambda: None)
    while keeper.busy:
        model(torch.ones(1, 100))

for at in range(1, 1000):
    root = Path(sys.argv[1]) / f"{at:03d}"
    root.mkdir()
    child = os.fork()
    if not child:
        train(root, at)
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        break
"""


@pytest.mark.slow
def test_killed_at_any_moment_of_the_writing_the_former_one_is_good(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    roots = sorted(tmp_path.iterdir())
    assert len(roots) > 10
    left: list[int] = []
    for root in roots:
        keeper = CheckpointKeeper(root, CheckpointingConfig())
        found, refused = keeper.open_latest()
        assert found is not None
        assert refused == []
        left.append(found.step)
        assert list(root.glob("*.part")) == []
        keeper.save(Snapshot.of(2, nn.Linear(100, 100), {}))
    assert left == sorted(left)
    assert (left[0], left[-2], left[-1]) == (1, 2, 2)
