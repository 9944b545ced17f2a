"""What the Launch page says about a run before it starts: computed, measured, or said unknown."""

import socket

import numpy as np
import pytest

from components.charts.schedule import schedule_curve, schedule_figure
from components.draft import Draft
from components.launch_panel import expected_time, numbers
from components.outlook import outlook
from components.pace import pace_of
from engine.examples import EXAMPLES
from engine.frozen import with_changes
from engine.route import Route
from engine.runs.state import RunState
from engine.runs.store import RunStore
from engine.scheduler_factory import multiplier
from engine.steering import Act, append
from engine.training_config import AdamWConfig, ConstantConfig, CosineConfig, LinearConfig
from tests import fabricate

MLP = EXAMPLES["digits-mlp"].spec
GPT = EXAMPLES["gpt-python-docs"].spec


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path)


def trained(store, spec, *, step=1000, trained_s=2.0, host=None):
    run = store.create(spec)
    host = socket.gethostname() if host is None else host
    run.write_state(RunState(status="completed", step=step, trained_s=trained_s, host=host))


# -- the pace of earlier runs ---------------------------------------------------------------------


def test_without_earlier_runs_the_time_is_unknown(store):
    assert pace_of(MLP, store.list()) is None
    assert expected_time(outlook(Draft.of(MLP), store)) == "unknown until the first run"


def test_the_time_is_the_median_pace_of_like_runs(store):
    for seconds in (1.0, 2.0, 30.0):
        trained(store, MLP, trained_s=seconds)
    assert pace_of(MLP, store.list()) == (0.002, 3)
    longer = with_changes(MLP, {"training.length": {"amount": 30_000, "unit": "steps"}, "name": ""})
    assert expected_time(outlook(Draft.of(longer), store)) == "about 1 min"


@pytest.mark.parametrize(
    "changes",
    [
        {"model.width": 256},
        {"training.batching.batch_size": 8},
        {"training.optimizer": {"name": "muon"}},
        {"data.val_fraction": 0.5},
        {"training.hardware.threads": 1},
    ],
)
def test_runs_that_do_other_work_say_nothing(store, changes):
    trained(store, with_changes(MLP, changes))
    assert pace_of(MLP, store.list()) is None


def test_other_machines_begun_runs_and_damaged_ones_say_nothing(store):
    trained(store, MLP, host="elsewhere")
    trained(store, MLP, step=3)
    trained(store, MLP, trained_s=0.0)
    run = store.create(MLP)
    (run.folder / "state.json").write_text("{")
    assert pace_of(MLP, store.list()) is None


# -- the outlook -------------------------------------------------------------------------------


def test_the_numbers_of_an_example(store):
    shown = numbers(outlook(Draft.of(GPT), store))
    assert shown["Parameters"] == "809k"
    assert shown["Steps"] == f"{GPT.training.length.amount:,}"
    assert shown.keys() >= {"Tokens seen", "FLOPs", "Memory", "Checkpoints"}
    assert "Tokens seen" not in numbers(outlook(Draft.of(MLP), store))


def test_the_numbers_follow_the_choices_of_a_model(store):
    """Without position vectors 64 x 128 numbers less; with one head of keys and values instead of
    four, 2 x 96 x 128 less in each of four layers; an untied head has a matrix of its own."""
    parameters = {}
    for field, value in (("positions", "rotary"), ("kv_heads", 1), ("tied", False)):
        ahead = outlook(Draft.of(GPT).edited(f"model.{field}", value), store)
        assert ahead.problems == []
        parameters[field] = ahead.estimate.parameters
        assert numbers(ahead)["FLOPs"] == f"{ahead.estimate.flops:.3g}"
    plain = outlook(Draft.of(GPT), store)
    usual, vocabulary = plain.estimate.parameters, plain.facts.vocabulary_size
    assert usual - parameters["positions"] == 64 * 128
    assert usual - parameters["kv_heads"] == 4 * 2 * 96 * 128
    assert parameters["tied"] - usual == vocabulary * 128


def test_a_wrong_draft_has_problems_and_no_numbers(store):
    ahead = outlook(Draft.of(MLP).edited("model.width", -1), store)
    assert (ahead.spec, ahead.estimate) == (None, None)
    (problem,) = ahead.problems
    assert (problem.path, ahead.label_of(problem)) == ("model.width", "Width")


def test_what_fits_the_schema_but_not_the_data_stands_at_its_field(store):
    vit = {"kind": "vit", "patch_size": 3}
    ahead = outlook(Draft.of(with_changes(MLP, {"model": vit})), store)
    assert [problem.path for problem in ahead.problems] == ["model.patch_size"]


def test_a_text_model_beside_images_is_a_problem_of_the_model(store):
    ahead = outlook(Draft.of(with_changes(MLP, {"model": {"kind": "gpt"}})), store)
    assert [problem.path for problem in ahead.problems] == ["model"]


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_every_example_may_start(store, example):
    assert outlook(Draft.of(example.spec), store).problems == []


# -- the learning-rate schedule ----------------------------------------------------------------


@pytest.mark.parametrize(
    "scheduler",
    [
        ConstantConfig(),
        ConstantConfig(warmup_steps=7),
        LinearConfig(warmup_steps=100, floor=0.1),
        CosineConfig(warmup_steps=3),
    ],
)
@pytest.mark.parametrize("total_steps", [1, 2, 150, 12_345])
def test_the_curve_is_the_schedule_at_each_of_its_points(scheduler, total_steps):
    steps, rates = schedule_curve(AdamWConfig(lr=2e-3), scheduler, total_steps)
    assert len(steps) <= 202
    assert (steps[0], steps[-1]) == (0, total_steps - 1)
    assert np.all(np.diff(steps) > 0)
    assert rates == pytest.approx(
        [2e-3 * multiplier(scheduler, int(s), total_steps) for s in steps]
    )


def test_the_peak_behind_the_warmup_is_always_drawn():
    steps, rates = schedule_curve(AdamWConfig(lr=1.0), CosineConfig(warmup_steps=777), 100_000)
    assert 777 in steps
    assert rates.max() == 1.0
    assert len(schedule_figure(steps, rates).data) == 1


def test_of_a_fork_is_drawn_what_it_will_apply(store):
    """From its checkpoint on, with the factor and the steps that its parent was given."""
    spec = with_changes(fabricate.IMAGES, {"training.length": {"amount": 2000, "unit": "steps"}})
    parent = fabricate.run_of(store, spec, steps=100, total=2000)
    fabricate.checkpoint_of(parent, 100)
    append(parent.folder, Act(step=50, act="lr-factor", value=0.1))
    append(parent.folder, Act(step=90, act="more-steps", value=1000))
    draft = Draft.of(fabricate.TEXT).forking(parent.id, 100, spec)
    plan = outlook(draft, store).plan
    training = plan.spec.training
    steps, rates = schedule_curve(
        training.optimizer,
        training.scheduler,
        2000,
        steps=range(plan.origin.step, plan.total_steps),
        acts=plan.acts,
    )
    child = plan.made(store)
    route = Route(child.folder, training, 2000)
    assert (steps[0], steps[-1]) == (100, route.total_steps - 1) == (100, 2999)
    peak = training.optimizer.lr
    assert rates.tolist() == [peak * route.rate.multiplier(int(step)) for step in steps]
    assert rates.max() < 0.11 * peak
