"""Runs that were changed on the way, that diverged, or that ran out of time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import torch
from torch import nn

from engine import attempt as attempts
from engine.errors import NonFiniteLoss
from engine.learning_rates.learning_rate import LearningRate
from engine.observers import Observer
from engine.runs.run import Run
from engine.runs.store import RunStore
from engine.steering import Act, append
from engine.trainer import Trainer
from engine.training_config import TrainingConfig
from engine.training_loop import StepResult, TrainingLoop
from tests.engine.equality import assert_same_bits
from tests.engine.training import TASK, config, model, points, trained

HOT = {"name": "sgd", "lr": 0.05}


class Crash(Exception):
    """Stands for the end of the process."""


class CrashingLoop(TrainingLoop):
    """A loop whose process dies during an update."""

    crash_at = 0

    def update(self, *, measure: bool = False) -> StepResult:
        if self.progress.step == self.crash_at:
            raise Crash
        return super().update(measure=measure)


class Asks(Observer):
    """Leaves requests in the run folder when so many updates were made, and waits for the poll."""

    def __init__(self, wishes: dict[int, list[tuple]]) -> None:
        self.wishes, self.run = wishes, None

    def on_start(self, fact) -> None:
        self.run = Run(fact.folder)

    def on_step(self, result: StepResult) -> None:
        for wish in self.wishes.pop(result.step, ()):
            self.run.steer(*wish)
            while self.run.waiting_requests():
                time.sleep(0.01)


def train_on(
    runs: Path | Run, training: TrainingConfig, *, observers=(), net: nn.Module | None = None
) -> Run:
    trainer = Trainer(
        model=net or model(),
        training_config=training,
        task_spec=TASK,
        run=runs,
        observers=observers,
    )
    trainer.train(train_data=points(), val_data=points(20))
    return trainer.run


def crashed(root: Path, training: TrainingConfig, at: int, **how) -> Run:
    CrashingLoop.crash_at = at
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attempts, "TrainingLoop", CrashingLoop)
        with pytest.raises(Crash):
            train_on(root, training, **how)
    return RunStore(root).open(RunStore(root).list()[0].id)


def texts(run: Run, kind: str) -> list[str]:
    return [event["text"] for event in run.events()[0] if event["kind"] == kind]


STEERED = config(checkpointing={"every_steps": 12, "keep_best": 0})
WISHES = {
    4: [("lr-factor", 0.5)],
    7: [("validate",)],
    15: [("more-steps", 10), ("patience", 9)],
    17: [("checkpoint",), ("validate",)],
}


def test_every_act_is_obeyed_and_told(tmp_path: Path) -> None:
    run = train_on(tmp_path, STEERED, observers=[Asks({**WISHES})])
    assert [(act.step, act.act) for act in run.acts()] == [
        (4, "lr-factor"),
        (7, "validate"),
        (15, "more-steps"),
        (15, "patience"),
        (17, "checkpoint"),
        (17, "validate"),
    ]
    assert run.state().step == run.state().total_steps == 40
    assert {7, 17, 40} < set(run.series("val/loss").step.tolist())
    rates = dict(zip(*run.series("optim/lr")[:3:2], strict=True))
    assert rates[4] == pytest.approx(8e-4)  # the warmup of five steps to 1e-3
    assert rates[5] == pytest.approx(5e-4)
    assert texts(run, "steered")[0] == "Learning rate multiplied by 0.5 after step 4."
    assert "Saved step-000000017." in texts(run, "checkpoint")


def test_a_checkpoint_is_told_at_its_own_step_though_training_goes_on(tmp_path: Path) -> None:
    run = train_on(tmp_path, STEERED)
    told = [event["step"] for event in run.events()[0] if event["kind"] == "checkpoint"]
    assert told == [12, 24, 30]
    assert texts(run, "checkpoint") == [f"Saved step-{step:09d}." for step in told]


@pytest.mark.parametrize("crash", [5, 8, 14, 16, 20, 39])
def test_a_resume_does_again_what_was_asked_for(crash: int, tmp_path: Path) -> None:
    """The acts stand in the folder; the one who crashed got further than its checkpoint."""
    reference = train_on(tmp_path / "a", STEERED, observers=[Asks({**WISHES})])
    asked = {step: wishes for step, wishes in WISHES.items() if step < crash}
    run = crashed(tmp_path / "b", STEERED, crash, observers=[Asks(dict(asked))])
    later = {step: wishes for step, wishes in WISHES.items() if step >= crash}
    train_on(run, STEERED, observers=[Asks(later)])
    assert_same_bits(run, reference)


def test_a_completed_run_can_be_extended_and_resumed_in_the_extension(tmp_path: Path) -> None:
    training = config(checkpointing={"every_steps": 10})

    def extended(root: Path) -> Run:
        run = train_on(root, training)
        append(run.folder, Act(step=30, act="extend", value=20))
        append(run.folder, Act(step=30, act="lr-factor", value=0.1))
        run.write_state(run.state().model_copy(update={"status": "stopped"}))
        return run

    reference = extended(tmp_path / "a")
    train_on(reference, training)
    assert reference.state().step == 50
    rates = reference.series("optim/lr").value
    course = LearningRate(training.scheduler, 30, reference.acts()).multiplier
    assert rates.tolist() == [training.optimizer.lr * course(step) for step in range(50)]
    assert rates[30:].max() == pytest.approx(0.1 * rates[:30].max())
    run = extended(tmp_path / "b")
    CrashingLoop.crash_at = 37
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attempts, "TrainingLoop", CrashingLoop)
        with pytest.raises(Crash):
            train_on(run, training)
    train_on(run, training)
    assert_same_bits(run, reference)


def test_a_run_that_stopped_early_gets_its_patience_anew_when_extended(tmp_path: Path) -> None:
    training = config(
        length={"amount": 500},
        optimizer={"name": "sgd", "lr": 1e-9},
        early_stopping={"patience": 2, "min_delta": 0.1},
    )
    run = train_on(tmp_path, training)
    assert run.state().step == 30
    append(run.folder, Act(step=30, act="extend", value=100))
    run.write_state(run.state().model_copy(update={"status": "stopped"}))
    train_on(run, training)
    assert run.state().step == 50
    assert run.state().total_steps == 130


class Unlucky(nn.Module):
    """A model whose outputs are not numbers in some of its training passes."""

    def __init__(self, at: set[int]) -> None:
        super().__init__()
        self.inner, self.at = model(), at
        self.register_buffer("passes", torch.zeros((), dtype=torch.int64))

    def forward(self, inputs):
        outputs = self.inner(inputs)
        if self.training:
            self.passes += 1
            if int(self.passes) in self.at:
                return outputs * float("nan")
        return outputs


class TestDivergence:
    SKIP = config(divergence={"name": "skip", "limit": 2})
    BACK = config(divergence={"name": "roll-back", "limit": 1, "lr_factor": 0.25})

    def test_by_default_the_first_one_ends_the_run(self, tmp_path: Path) -> None:
        with pytest.raises(NonFiniteLoss, match="at step 14"):
            train_on(tmp_path, config(), net=Unlucky({14}))

    def test_skipped_updates_are_gaps_of_the_weights_and_points_of_the_curve(
        self, tmp_path: Path
    ) -> None:
        run = train_on(tmp_path, self.SKIP, net=Unlucky({14, 15, 22}))
        loss = run.series("train/loss")
        assert loss.step.tolist() == list(range(1, 31))
        assert [s for s, v in zip(loss.step, loss.value, strict=True) if v != v] == [14, 15, 22]
        assert texts(run, "skipped")[0] == "Left out update 14: train/loss became nan."
        assert run.state().status == "completed"

    def test_too_many_in_a_row_end_the_run(self, tmp_path: Path) -> None:
        with pytest.raises(NonFiniteLoss, match="at step 16"):
            train_on(tmp_path, self.SKIP, net=Unlucky({14, 15, 16}))

    def test_a_run_that_skipped_resumes_to_the_same_bits(self, tmp_path: Path) -> None:
        reference = train_on(tmp_path / "a", self.SKIP, net=Unlucky({14, 15}))
        run = crashed(tmp_path / "b", self.SKIP, 17, net=Unlucky({14, 15}))
        train_on(run, self.SKIP, net=Unlucky({14, 15}))
        assert_same_bits(run, reference)

    def test_rolling_back_goes_on_from_the_checkpoint_with_a_lower_learning_rate(
        self, tmp_path: Path
    ) -> None:
        net = Unlucky({14})
        net.register_load_state_dict_post_hook(lambda module, _: module.at.clear())
        run = train_on(tmp_path, self.BACK, net=net)
        assert run.state().status == "completed"
        assert [(a.step, a.act, a.value, a.by) for a in run.acts()] == [
            (10, "lr-factor", 0.25, "divergence")
        ]
        assert run.series("train/loss").step.tolist() == list(range(1, 31))
        assert "diverged at step 14" in texts(run, "rolled-back")[0]
        rates = run.series("optim/lr").value
        assert rates[10] < 0.3 * rates[9]

    def test_before_the_first_checkpoint_it_goes_back_to_the_beginning(
        self, tmp_path: Path
    ) -> None:
        net = Unlucky({3})
        net.register_load_state_dict_post_hook(lambda module, _: module.at.clear())
        run = train_on(tmp_path, self.BACK, net=net)
        assert [act.step for act in run.acts()] == [0]
        assert run.state().status == "completed"

    def test_when_it_does_not_help_the_run_ends(self, tmp_path: Path) -> None:
        with pytest.raises(NonFiniteLoss):
            train_on(tmp_path, self.BACK, net=Unlucky({14}))
        run = RunStore(tmp_path).open(RunStore(tmp_path).list()[0].id)
        assert len(run.acts()) == 1
        assert run.state().status == "failed"


class TestMemoryOfItsOwn:
    """What else has a state that a checkpoint must hold."""

    WITH = {
        "average": config(averaging={"name": "ema", "decay": 0.9}),
        "accumulation and average": config(
            averaging={"name": "ema", "decay": 0.5, "evaluate": "weights"},
            batching={"batch_size": 8, "accumulate": 3},
        ),
        "layers and histograms": config(
            logging={"layers_every_steps": 4, "histograms_every_steps": 7}
        ),
        "checkpoints in the foreground": config(
            checkpointing={"every_steps": 7, "background": False, "keep_best": 3}
        ),
        "clipped values": config(gradients={"clip_value": 0.01}),
    }

    @pytest.mark.parametrize("name", WITH)
    def test_it_resumes_to_the_same_bits(self, name: str, tmp_path: Path) -> None:
        training = self.WITH[name]
        reference = train_on(tmp_path / "a", training)
        run = crashed(tmp_path / "b", training, 17)
        train_on(run, training)
        assert_same_bits(run, reference)

    def test_the_average_is_in_the_checkpoint_beside_the_weights(self, tmp_path: Path) -> None:
        from engine.checkpoint import latest

        run = train_on(tmp_path, self.WITH["average"])
        found, _ = latest(run.folder / "checkpoints")
        average, net = found.average(), model()
        found.restore_model(net)
        weights = dict(net.named_parameters())
        assert set(average) == set(weights)
        assert not torch.equal(average["0.weight"], weights["0.weight"])

    def test_validation_is_that_of_the_average_unless_said_otherwise(self, tmp_path: Path) -> None:
        ema = {"name": "ema", "decay": 0.999}
        judged = {
            which: train_on(tmp_path / which, config(averaging=ema | {"evaluate": which}))
            for which in ("average", "weights")
        }
        curves = {which: run.series("val/loss").value for which, run in judged.items()}
        assert (curves["average"] != curves["weights"]).all()
        plain = train_on(tmp_path / "plain", config())
        assert curves["weights"].tolist() == plain.series("val/loss").value.tolist()


def test_the_time_limit_ends_a_run_measured_and_saved(tmp_path: Path) -> None:
    training = config(length={"amount": 1_000_000, "max_minutes": 0.5 / 60})
    run = train_on(tmp_path, training)
    state = run.state()
    assert state.status == "completed"
    assert "limit of 0.00833333 minutes" in state.reason
    assert state.trained_s < 5
    assert run.last("val/loss")[0] == state.step
    assert run.checkpoint_steps()[-1] == state.step


def test_checkpoints_by_epochs(tmp_path: Path) -> None:
    checkpointing = {"every_steps": None, "every_epochs": 2, "keep_best": 0, "keep_last": 9}
    run = train_on(tmp_path, config(checkpointing=checkpointing))  # 70 samples: 5 batches of 16
    assert run.checkpoint_steps() == [10, 20, 30]


def test_alerts_are_events_and_the_same_after_a_resume(tmp_path: Path) -> None:
    training = config(
        length={"amount": 120},
        optimizer={"name": "sgd", "lr": 1e-9},
        alerts={"plateau": 3},
        checkpointing={"every_steps": 20, "keep_best": 0},
    )
    reference = train_on(tmp_path / "a", training)
    alerts = [e for e in reference.events()[0] if e["kind"] == "alert"]
    assert [alert["alert"] for alert in alerts] == ["plateau"]
    run = crashed(tmp_path / "b", training, 70)
    train_on(run, training)
    again = [(e["alert"], e["step"]) for e in run.events()[0] if e["kind"] == "alert"]
    assert set(again) == {("plateau", alerts[0]["step"])}


def test_without_checkpoints_by_steps_there_is_one_at_the_end(tmp_path: Path) -> None:
    run = trained(tmp_path, config(checkpointing={"every_steps": None, "keep_best": 0}))
    assert RunStore(tmp_path).open(run.run_id).checkpoint_steps() == [30]
