"""Interrupted anywhere and resumed = the same bits as never interrupted."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import attempt as attempts
from engine.runs.run import Run
from engine.runs.store import RunStore
from engine.training_config import TrainingConfig
from engine.training_loop import StepResult, TrainingLoop
from tests.engine.equality import assert_same_bits, curves, final_weights
from tests.engine.training import config, model, points, trained

LONG = config(batching={"batch_size": 16, "accumulate": 3})


class Crash(Exception):
    """Stands for the end of the process: nothing of ours catches it."""


class CrashingLoop(TrainingLoop):
    """A loop whose process dies during an update."""

    crash_at = 0

    def update(self, *, measure: bool = False) -> StepResult:
        if self.progress.step == self.crash_at:
            raise Crash
        return super().update(measure=measure)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Run:
    root = tmp_path_factory.mktemp("reference")
    return RunStore(root).open(trained(root, LONG).run_id)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(crashes=st.lists(st.integers(0, 29), min_size=1, max_size=3))
def test_a_run_that_crashed_at_any_steps_ends_with_the_same_bits(
    uninterrupted: Run, tmp_path_factory: pytest.TempPathFactory, crashes: list[int]
) -> None:
    root = tmp_path_factory.mktemp("runs")
    run = root
    for crash in sorted(crashes):
        CrashingLoop.crash_at = crash
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(attempts, "TrainingLoop", CrashingLoop)
            with pytest.raises(Crash):
                trained(run, LONG)
        run = RunStore(root).open(RunStore(root).list()[0].id)
        torch.rand(3)  # whatever else the process does with random numbers
    trained(run, LONG)
    assert_same_bits(run, uninterrupted)
    assert run.state().attempt == len(crashes) + 1


STATEFUL = {
    "muon": config(optimizer={"name": "muon", "lr": 0.01}),
    "lion": config(optimizer={"name": "lion", "lr": 0.003}),
    "groups": config(
        optimizer={"name": "rmsprop", "momentum": 0.5},
        parameters={"frozen": ["0.bias"], "lr_factors": ["3.*=0.3"], "layer_decay": 0.7},
    ),
    "plateau": config(
        optimizer={"name": "adam", "lr": 0.05},
        scheduler={"name": "plateau", "warmup_steps": 3, "drop_patience": 1, "smallest_gain": 0.4},
        evaluation={"every_steps": 3},
    ),
    "range-test": config(optimizer={"name": "sgd"}, scheduler={"name": "range-test"}),
}


@pytest.mark.parametrize("training", STATEFUL.values(), ids=STATEFUL)
def test_what_has_a_memory_of_its_own_goes_on_with_it(
    training: TrainingConfig, tmp_path: Path
) -> None:
    reference = RunStore(tmp_path / "a").open(trained(tmp_path / "a", training).run_id)
    CrashingLoop.crash_at = 17
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attempts, "TrainingLoop", CrashingLoop)
        with pytest.raises(Crash):
            trained(tmp_path / "b", training)
    run = RunStore(tmp_path / "b").list()[0]
    resumed = RunStore(tmp_path / "b").open(run.id)
    trained(resumed, training)
    assert resumed.state().resumed_from in (10, 15)
    assert_same_bits(resumed, reference)


def test_the_plateau_of_the_resume_test_really_drops(tmp_path: Path) -> None:
    run = RunStore(tmp_path).open(trained(tmp_path, STATEFUL["plateau"]).run_id)
    applied = set(run.series("optim/lr").value[3:].tolist())
    assert len(applied) > 2


def test_the_same_seed_twice_gives_the_same_bits(uninterrupted: Run, tmp_path: Path) -> None:
    assert_same_bits(RunStore(tmp_path).open(trained(tmp_path, LONG).run_id), uninterrupted)


def test_another_seed_gives_other_curves(uninterrupted: Run, tmp_path: Path) -> None:
    other = config(batching={"batch_size": 16, "accumulate": 3}, reproducibility={"seed": 1})
    run = RunStore(tmp_path).open(trained(tmp_path, other).run_id)
    assert curves(run)["train/loss"] != curves(uninterrupted)["train/loss"]


def test_a_damaged_newest_checkpoint_is_refused_by_name_and_the_one_before_is_used(
    uninterrupted: Run, tmp_path: Path
) -> None:
    run = _copy(uninterrupted, tmp_path)
    newest = run.folder / "checkpoints" / "step-000000030"
    weights = bytearray((newest / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (newest / "model.safetensors").write_bytes(weights)
    trained(run, LONG)
    refusals = [event for event in run.events()[0] if event["kind"] == "checkpoint-refused"]
    assert "step-000000030" in refusals[0]["text"]
    assert "SHA-256" in refusals[0]["text"]
    assert run.state().resumed_from == 20
    assert_same_bits(run, uninterrupted)


def test_what_a_killed_writer_left_of_a_checkpoint_is_not_one(
    uninterrupted: Run, tmp_path: Path
) -> None:
    run = _copy(uninterrupted, tmp_path)
    checkpoints = run.folder / "checkpoints"
    (checkpoints / "step-000000030" / "manifest.json").unlink()
    shutil.copytree(checkpoints / "step-000000020", checkpoints / "step-000000025.part")
    trained(run, LONG)
    assert run.state().resumed_from == 20
    assert not list(checkpoints.glob("*.part"))
    assert_same_bits(run, uninterrupted)


def test_without_any_checkpoint_a_run_begins_again(uninterrupted: Run, tmp_path: Path) -> None:
    run = _copy(uninterrupted, tmp_path)
    shutil.rmtree(run.folder / "checkpoints")
    (run.folder / "checkpoints").mkdir()
    trained(run, LONG)
    assert_same_bits(run, uninterrupted)


def test_a_process_wide_switch_is_put_back(tmp_path: Path) -> None:
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    trained(tmp_path, config(hardware={"threads": 2}, length={"amount": 6}))
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == before


def test_the_model_of_a_results_checkpoint_is_the_trained_one(tmp_path: Path) -> None:
    net = model()
    run = RunStore(tmp_path).open(trained(tmp_path, net=net).run_id)
    saved = final_weights(run)
    assert {name: tensor.numpy().tobytes() for name, tensor in net.state_dict().items()} == saved
    assert net(points()[0]).shape == (70, 4)


def _copy(run: Run, root: Path) -> Run:
    shutil.copytree(run.folder, RunStore(root).root / run.id)
    return RunStore(root).open(run.id)
