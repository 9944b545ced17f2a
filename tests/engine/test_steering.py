"""What is changed on the way is written down, and holds for every resume."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from typer.testing import CliRunner

from engine.__main__ import app
from engine.config.schedules import (
    ConstantConfig,
    CosineConfig,
    LinearConfig,
    PlateauConfig,
    SchedulerConfig,
)
from engine.errors import BadInput
from engine.learning_rates.learning_rate import LearningRate
from engine.runs import requests
from engine.runs.store import RunStore
from engine.scheduler_factory import SchedulerFactory
from engine.steering import Act, Steering, acts_of, append, in_words, request_text, wish
from tests import fabricate

MORE = Act(step=40, act="more-steps", value=60)
LINEAR = LinearConfig(warmup_steps=0)
CONFIGS: TypeAdapter[SchedulerConfig] = TypeAdapter(SchedulerConfig)


def rates(config, planned, *acts):
    multiplier = LearningRate(config, planned, acts).multiplier
    return lambda *steps: [round(multiplier(step), 9) for step in steps]


def test_without_acts_the_learning_rate_is_the_schedule_itself():
    rate = LearningRate(CosineConfig(warmup_steps=5), 100)
    assert rate.multiplier is rate.schedule


def test_a_factor_holds_from_its_step_on_and_factors_multiply():
    acts = [Act(step=10, act="lr-factor", value=0.5), Act(step=20, act="lr-factor", value=0.1)]
    assert rates(ConstantConfig(), 100, *acts)(9, 10, 19, 20) == [1.0, 0.5, 0.5, 0.05]


def test_more_steps_stretch_what_is_left_of_the_schedule():
    """At 40 of 100 steps 0.6 is left; it is used up over 120 steps instead of 60."""
    assert rates(LINEAR, 100, MORE)(0, 40, 100, 160) == [1.0, 0.6, 0.3, 0.0]


def test_more_steps_asked_for_twice_stretch_twice():
    again = Act(step=100, act="more-steps", value=60)
    assert rates(LINEAR, 100, MORE, again)(40, 100, 160, 220) == [0.6, 0.3, 0.15, 0.0]


def test_a_schedule_without_an_end_goes_on_as_it_was():
    constant, plateau = ConstantConfig(warmup_steps=4), PlateauConfig(warmup_steps=4)
    for config in (constant, plateau):
        assert rates(config, 100, MORE)(0, 39, 41, 150) == [0.25, 1.0, 1.0, 1.0]


def test_an_extension_runs_the_schedule_anew():
    extended = Act(step=100, act="extend", value=50)
    lower = Act(step=100, act="lr-factor", value=0.1)
    assert rates(LINEAR, 100, extended, lower)(50, 99, 100, 125, 150) == [0.5, 0.01, 0.1, 0.05, 0]


@given(
    name=st.sampled_from(["linear", "cosine", "polynomial", "exponential", "warmup-stable-decay"]),
    warmup=st.integers(0, 79),
    steps=st.integers(1, 300),
)
def test_every_extension_reaches_the_peak_and_its_warmup_is_no_larger_share(name, warmup, steps):
    schedule = CONFIGS.validate_python({"name": name, "warmup_steps": warmup})
    rate = LearningRate(schedule, 100, [Act(step=100, act="extend", value=steps)]).multiplier
    found = [rate(step) for step in range(100, 100 + steps)]
    assert max(found) == pytest.approx(1.0)
    assert found.index(max(found)) <= min(warmup, warmup * steps // 100)


@given(
    step=st.integers(0, 99), more=st.integers(1, 500), name=st.sampled_from(["linear", "cosine"])
)
def test_stretching_never_makes_the_learning_rate_jump(step, more, name):
    config = {"linear": LINEAR, "cosine": CosineConfig(warmup_steps=0)}[name]
    before = SchedulerFactory.build(config, 100)
    after = LearningRate(config, 100, [Act(step=step, act="more-steps", value=more)]).multiplier
    assert after(step) == pytest.approx(before(step))
    assert after(100 + more) == pytest.approx(before(100))
    drops = -np.diff([after(s) for s in range(step, 100 + more + 1)])
    steepest = max(before(s) - before(s + 1) for s in range(100))
    assert drops.min() >= -1e-12
    assert drops.max() <= steepest + 1e-12


def test_acts_are_kept_in_the_folder_in_the_order_of_their_steps(tmp_path: Path):
    for act in (MORE, Act(step=7, act="lr-factor", value=0.5)):
        append(tmp_path, act)
    assert [act.step for act in acts_of(tmp_path)] == [7, 40]
    steering = Steering(tmp_path)
    assert steering.total_steps(100) == 160
    assert (steering.lr_factor(6), steering.lr_factor(7)) == (1.0, 0.5)


def test_an_act_that_was_half_written_when_the_disk_was_full_is_no_act(tmp_path: Path):
    append(tmp_path, MORE)
    with (tmp_path / "steering.jsonl").open("a") as file:
        file.write('{"step": 50, "act": "lr-f')
    assert acts_of(tmp_path) == (MORE,)


@pytest.mark.parametrize(
    ("acts", "total"),
    [
        ([], 100),
        ([MORE], 160),
        ([MORE, Act(step=50, act="more-steps", value=5)], 165),
        ([Act(step=100, act="extend", value=20)], 120),
        ([Act(step=30, act="extend", value=20)], 50),  # it had stopped early at 30
    ],
)
def test_how_long_a_run_becomes(tmp_path: Path, acts, total):
    for act in acts:
        append(tmp_path, act)
    assert Steering(tmp_path).total_steps(100) == total


def test_patience_can_be_changed_and_switched_off(tmp_path: Path):
    append(tmp_path, Act(step=10, act="patience", value=3))
    append(tmp_path, Act(step=20, act="patience", value=None))
    steering = Steering(tmp_path)
    assert [steering.patience(step, 7) for step in (9, 10, 20)] == [7, 3, None]


@pytest.mark.parametrize(
    ("act", "value", "text"),
    [
        ("lr-factor", 0.5, "lr-factor=0.5"),
        ("more-steps", 500, "more-steps=500"),
        ("patience", None, "patience=none"),
        ("validate", None, "validate"),
    ],
)
def test_a_request_says_the_act_and_is_read_back(tmp_path: Path, act, value, text):
    assert request_text(act, value) == text
    requests.leave(tmp_path, text)
    assert [wish(found) for found in requests.take(tmp_path)] == [(act, value)]


@pytest.mark.parametrize(
    ("act", "value"),
    [
        ("lr-factor", 0.0),
        ("lr-factor", float("nan")),
        ("lr-factor", None),
        ("more-steps", 1.5),
        ("more-steps", -3),
        ("patience", 0),
        ("validate", 3.0),
    ],
)
def test_what_makes_no_sense_is_not_asked_for(act, value):
    with pytest.raises(BadInput, match=act):
        request_text(act, value)


@pytest.mark.parametrize(
    "text", ["lr-factor=nan", "lr-factor=x", "lr-factor", "extend=5", "x=1", "stop", "more-steps=0"]
)
def test_foreign_files_are_no_acts(text):
    assert wish(text) is None


def test_every_act_is_said_in_words():
    assert in_words(MORE) == "60 more steps, asked for after step 40."
    assert in_words(Act(step=1200, act="patience")) == "Patience switched off after step 1,200."


def asked(store, status, *arguments):
    run = fabricate.run_of(store, status=status)
    done = CliRunner().invoke(app, ["runs", "steer", run.id, *arguments, "--runs", str(store.root)])
    return run, done


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        (["lr-factor", "0.5"], "lr-factor=0.5"),
        (["more-steps", "200"], "more-steps=200.0"),
        (["patience", "none"], "patience=none"),
        (["checkpoint"], "checkpoint"),
    ],
)
def test_the_command_leaves_the_request(tmp_path, arguments, left):
    run, done = asked(RunStore(tmp_path), "running", *arguments)
    assert done.exit_code == 0, done.stderr
    assert run.waiting_requests() == [left]


@pytest.mark.parametrize(
    ("status", "arguments", "words"),
    [
        ("completed", ["lr-factor", "0.5"], "the run has ended (got completed)"),
        ("running", ["lr-factor", "fast"], "VALUE: must be a number (got 'fast')"),
        ("running", ["more-steps", "2.5"], "more-steps: must be a whole number"),
        ("running", ["lr-factor"], "lr-factor: must be a number above 0 (got nothing)"),
    ],
)
def test_the_command_refuses_what_makes_no_sense(tmp_path, status, arguments, words):
    run, done = asked(RunStore(tmp_path), status, *arguments)
    assert done.exit_code == 2
    assert words in done.stderr
    assert run.waiting_requests() == []


def test_a_process_and_its_resume_know_the_acts_in_the_same_order(tmp_path):
    """After going back somebody steers at a step before acts that stand in the file already."""
    for step, value in ((57, 2.0), (52, 9.0)):
        append(tmp_path, Act(step=step, act="patience", value=value))
    here = Steering(tmp_path)
    here.add(Act(step=50, act="lr-factor", value=0.5))
    assert here.acts == Steering(tmp_path).acts
    assert here.patience(60, None) == 2


@pytest.mark.parametrize(
    "line",
    ['{"step":5,"act":"more-steps"}', '{"step":-1,"act":"validate"}', '{"step":5,"act":"x"}'],
)
def test_a_foreign_line_is_refused_in_words(tmp_path, line):
    (tmp_path / "steering.jsonl").write_text(line + "\n")
    with pytest.raises(BadInput):
        acts_of(tmp_path)
