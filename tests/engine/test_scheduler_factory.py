"""Schedules are pure functions of the step, and what was applied is what was drawn."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runs.store import RunStore
from engine.scheduler_factory import SCHEDULES, constant, cosine, linear, multiplier
from engine.training_config import SchedulerConfig, TrainingConfig
from tests.engine.training import config, trained

KINDS = get_args(get_args(SchedulerConfig)[0])


def test_every_schedule_the_config_allows_has_a_function() -> None:
    assert {kind.model_fields["name"].default for kind in KINDS} == set(SCHEDULES)


@pytest.mark.parametrize(("step", "expected"), [(0, 0.5), (1, 1.0), (6, 0.5), (10, 0.0), (99, 0.0)])
def test_cosine_with_two_warmup_steps_of_ten(step: int, expected: float) -> None:
    assert cosine(step, warmup=2, total=10) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("step", "expected"), [(0, 0.5), (1, 1.0), (2, 1.0), (6, 0.6), (10, 0.2), (50, 0.2)]
)
def test_linear_with_two_warmup_steps_of_ten_and_a_floor(step: int, expected: float) -> None:
    assert linear(step, warmup=2, total=10, floor=0.2) == pytest.approx(expected)


@pytest.mark.parametrize(("step", "expected"), [(0, 0.25), (3, 1.0), (4, 1.0), (10**9, 1.0)])
def test_constant_with_four_warmup_steps(step: int, expected: float) -> None:
    assert constant(step, warmup=4) == expected


@given(
    name=st.sampled_from(sorted(SCHEDULES)),
    warmup=st.integers(0, 50),
    total=st.integers(51, 500),
    floor=st.floats(0, 1),
)
def test_every_schedule_rises_to_one_and_never_rises_again(
    name: str, warmup: int, total: int, floor: float
) -> None:
    extra = {} if name == "constant" else {"floor": floor}
    training = TrainingConfig.parse(
        {"length": {"amount": total}, "scheduler": {"name": name, "warmup_steps": warmup, **extra}}
    )
    values = [multiplier(training.scheduler, step, total) for step in range(total + 1)]
    rise, fall = values[:warmup], values[warmup:]
    assert rise == sorted(rise)
    assert fall == pytest.approx(sorted(fall, reverse=True), abs=1e-12)
    assert all(0 <= value <= 1 for value in values)
    assert values[warmup] == pytest.approx(1.0)
    if name != "constant":
        assert values[-1] == pytest.approx(floor)


def test_the_learning_rates_that_were_applied_are_those_that_were_drawn(tmp_path: Path) -> None:
    training = config(optimizer={"name": "sgd", "lr": 0.3})
    run = RunStore(tmp_path).open(trained(tmp_path, training).run_id)
    drawn = [0.3 * multiplier(training.scheduler, step, 30) for step in range(30)]
    assert run.series("optim/lr").value.tolist() == drawn
