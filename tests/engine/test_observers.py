"""Observers are told what happens, can end a run, and cannot hurt it."""

import dataclasses

import pytest

from engine.errors import NonFiniteLoss
from engine.observers import Audience, Observer, StopReason
from engine.runs.run import Run
from engine.runs.store import RunStore
from engine.trainer import Trainer
from tests.engine.equality import assert_same_bits
from tests.engine.training import TASK, config, model, points


class Notebook(Observer):
    """Writes down all that it is told."""

    def __init__(self):
        self.facts = []

    def on_start(self, fact):
        self.facts.append(("start", fact))

    def on_step(self, result):
        self.facts.append(("step", result))

    def on_validation(self, fact):
        self.facts.append(("validation", fact))

    def on_checkpoint(self, fact):
        self.facts.append(("checkpoint", fact))

    def on_end(self, fact):
        self.facts.append(("end", fact))

    def of(self, kind):
        return [fact for told, fact in self.facts if told == kind]


class Failing(Observer):
    """Raises at one hook."""

    def __init__(self, hook):
        self.hook, self.calls = hook, 0
        setattr(self, hook, self.fail)

    def fail(self, fact):
        self.calls += 1
        raise RuntimeError(f"no {self.hook} today")


class Content(Observer):
    """Ends the run at its second validation."""

    def on_validation(self, fact):
        return StopReason("good enough.") if fact.step == 20 else None


class Impatient(Observer):
    def on_step(self, result):
        return StopReason("step 7 suffices.") if result.step == 7 else None


def trained(runs, *observers, training=None) -> Run:
    trainer = Trainer(
        model=model(),
        training_config=training or config(),
        task_spec=TASK,
        run=runs,
        observers=observers,
    )
    trainer.train(train_data=points(), val_data=points(20))
    return trainer.run


def test_everything_is_told_in_order(tmp_path):
    told = Notebook()
    at_once = config(checkpointing={"every_steps": 10, "background": False})
    run = trained(tmp_path, told, training=at_once)
    kinds = [kind for kind, _ in told.facts]
    assert kinds[0] == "start"
    assert kinds[-1] == "end"
    assert kinds[10:13] == ["step", "validation", "checkpoint"]
    assert [result.step for result in told.of("step")] == list(range(1, 31))
    assert [fact.step for fact in told.of("validation")] == [10, 20, 30]
    assert told.of("start")[0].total_steps == 30
    assert (told.of("start")[0].run_id, told.of("start")[0].step) == (run.id, 0)
    (end,) = told.of("end")
    assert (end.status, end.step) == ("completed", 30)
    assert end.best == run.state().best


def test_what_is_told_is_what_was_recorded(tmp_path):
    told = Notebook()
    run = trained(tmp_path, told)
    assert [fact.metrics["loss"] for fact in told.of("validation")] == list(
        run.series("val/loss").value
    )
    assert [result.loss for result in told.of("step")] == list(run.series("train/loss").value)
    assert told.of("validation")[-1].best == run.state().best
    assert {fact.step for fact in told.of("checkpoint")} >= set(run.checkpoint_steps())
    assert all(fact.folder.name == f"step-{fact.step:09d}" for fact in told.of("checkpoint"))


def test_facts_cannot_be_changed(tmp_path):
    told = Notebook()
    trained(tmp_path, told)
    for kind, fact in told.facts:
        with pytest.raises((AttributeError, dataclasses.FrozenInstanceError)):
            fact.step = 0
        assert kind in {"start", "step", "validation", "checkpoint", "end"}


def test_observers_do_not_change_the_bits(tmp_path):
    alone = trained(tmp_path / "alone")
    assert_same_bits(trained(tmp_path / "watched", Notebook(), Failing("on_step")), alone)


@pytest.mark.parametrize(
    "hook", ["on_start", "on_step", "on_validation", "on_checkpoint", "on_end"]
)
def test_an_observer_that_fails_is_reported_once_and_told_no_more(hook, tmp_path):
    failing, told = Failing(hook), Notebook()
    run = trained(tmp_path, failing, told)
    assert failing.calls == 1
    assert len(told.of("step")) == 30
    assert run.state().status == "completed"
    (event,) = [event for event in run.events()[0] if event["kind"] == "observer"]
    assert "Failing" in event["text"]
    assert f"no {hook} today" in event["text"]
    assert "in fail" in event["traceback"]


def test_an_observer_without_a_hook_is_reported_and_told_no_more(tmp_path):
    run = trained(tmp_path, object())
    assert run.state().status == "completed"
    assert [e["kind"] for e in run.events()[0]].count("observer") == 1


@pytest.mark.parametrize(
    ("observer", "step", "text"),
    [(Content(), 20, "good enough."), (Impatient(), 7, "step 7 suffices.")],
)
def test_an_answer_ends_the_run_with_its_reason_and_a_checkpoint(observer, step, text, tmp_path):
    told = Notebook()
    run = trained(tmp_path, observer, told)
    state = run.state()
    assert (state.status, state.step) == ("stopped", step)
    assert state.reason == f"Stopped at step {step}: {text}"
    assert run.checkpoint_steps()[-1] == step
    assert [(fact.status, fact.reason) for fact in told.of("end")] == [("stopped", state.reason)]


def test_a_stopped_run_goes_on_to_the_bits_of_one_that_was_not(tmp_path):
    run = trained(tmp_path / "stopped", Impatient())
    told = Notebook()
    trained(run, told)
    assert told.of("start")[0].step == 7
    assert_same_bits(run, trained(tmp_path / "whole"))


def test_an_answer_at_the_last_step_leaves_the_run_completed(tmp_path):
    class Late(Observer):
        def on_step(self, result):
            return StopReason("late.") if result.step == 30 else None

    assert trained(tmp_path, Late()).state().status == "completed"


def test_the_end_is_told_when_training_fails(tmp_path):
    told = Notebook()
    with pytest.raises(NonFiniteLoss):
        trained(
            tmp_path,
            told,
            training=config(
                optimizer={"name": "sgd", "lr": 100.0},
                gradients={"clip_norm": None},
                scheduler={"name": "constant"},
            ),
        )
    (end,) = told.of("end")
    assert end.status == "failed"
    assert "diverged" in end.reason


def test_nobody_is_told_nothing(tmp_path):
    run = RunStore(tmp_path).open(trained(tmp_path).id)
    assert [e for e in run.events()[0] if e["kind"] == "observer"] == []
    assert Audience((), None).present == []
