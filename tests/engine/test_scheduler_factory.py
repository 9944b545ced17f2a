"""Schedules are pure functions of the step, and what was applied is what was drawn."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim import lr_scheduler as torch_schedules

from engine.config.schedules import PlateauConfig, SchedulerConfig
from engine.errors import BadInput
from engine.learning_rates.plateau import Plateau
from engine.learning_rates.schedules import (
    constant,
    cosine,
    inverse_sqrt,
    linear,
    warmup_stable_decay,
)
from engine.runs.store import RunStore
from engine.scheduler_factory import SCHEDULES, SchedulerFactory, multiplier
from engine.training_config import TrainingConfig
from tests.engine.training import config, trained

KINDS = {kind.model_fields["name"].default: kind for kind in get_args(get_args(SchedulerConfig)[0])}
WARMED = sorted(set(KINDS) - {"one-cycle", "range-test"})
FALLING = sorted(set(WARMED) - {"constant", "plateau"})
FLOORED = sorted(name for name in FALLING if "floor" in KINDS[name].model_fields)
PURE = sorted(set(SCHEDULES) - {"plateau"})


def parsed(name: str, total: int = 1000, **options: object) -> Any:
    document = {"length": {"amount": total}, "scheduler": {"name": name, **options}}
    return TrainingConfig.parse(document).scheduler


def values(name: str, total: int, **options: object) -> list[float]:
    schedule = SchedulerFactory.build(parsed(name, total, **options), total)
    return [schedule(step) for step in range(total)]


def test_every_schedule_the_config_allows_has_a_function() -> None:
    assert set(KINDS) == set(SCHEDULES)


# -- literal values ----------------------------------------------------------------------------


@pytest.mark.parametrize(("step", "expected"), [(0, 0.5), (1, 1.0), (6, 0.5), (10, 0.0), (99, 0.0)])
def test_cosine_with_two_warmup_steps_of_ten(step: int, expected: float) -> None:
    assert cosine(step, warmup=2, total=10) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("step", "expected"), [(0, 1), (2, 0.55), (3, 0.325), (4, 1), (6, 0.55), (8, 0.1), (9, 0.1)]
)
def test_cosine_with_one_restart_of_a_saw_of_eight(step: int, expected: float) -> None:
    straight = {3: 0.1 + 0.9 * 0.1464466}
    found = cosine(step, warmup=0, total=8, floor=0.1, restarts=1)
    assert found == pytest.approx(straight.get(step, expected))


@pytest.mark.parametrize(
    ("step", "expected"), [(0, 0.5), (1, 1.0), (2, 1.0), (6, 0.6), (10, 0.2), (50, 0.2)]
)
def test_linear_with_two_warmup_steps_of_ten_and_a_floor(step: int, expected: float) -> None:
    assert linear(step, warmup=2, total=10, floor=0.2) == pytest.approx(expected)


@pytest.mark.parametrize(("step", "expected"), [(0, 0.25), (3, 1.0), (4, 1.0), (10**9, 1.0)])
def test_constant_with_four_warmup_steps(step: int, expected: float) -> None:
    assert constant(step, warmup=4) == expected


@pytest.mark.parametrize(("step", "expected"), [(0, 0.25), (4, 1.0), (16, 0.5), (400, 0.1)])
def test_inverse_square_root_with_four_warmup_steps(step: int, expected: float) -> None:
    assert inverse_sqrt(step, warmup=4) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("shape", "half"), [("linear", 0.5), ("cosine", 0.5), ("sqrt", 1 - 0.5**0.5)]
)
def test_warmup_stable_decay_falls_only_at_the_end(shape: Any, half: float) -> None:
    found = [
        warmup_stable_decay(step, warmup=2, decay=4, total=20, shape=shape, floor=0.0)
        for step in (0, 2, 16, 18, 20)
    ]
    assert found == pytest.approx([0.5, 1.0, 1.0, half, 0.0])


# -- laws --------------------------------------------------------------------------------------


@given(name=st.sampled_from(WARMED), warmup=st.integers(0, 50), total=st.integers(60, 500))
def test_a_schedule_rises_to_one_and_never_rises_again(name: str, warmup: int, total: int) -> None:
    found = values(name, total, warmup_steps=warmup)
    rise, fall = found[:warmup], found[warmup:]
    assert rise == sorted(rise)
    assert fall == pytest.approx(sorted(fall, reverse=True), abs=1e-12)
    assert all(0 <= value <= 1 for value in found)
    assert fall[0] == pytest.approx(1.0)


@given(
    name=st.sampled_from(FLOORED),
    warmup=st.integers(0, 50),
    total=st.integers(100, 500),
    floor=st.floats(0, 1),
)
def test_a_schedule_ends_at_its_floor(name: str, warmup: int, total: int, floor: float) -> None:
    scheduler = parsed(name, total, warmup_steps=warmup, floor=floor)
    assert multiplier(scheduler, total, total) == pytest.approx(floor)
    assert multiplier(scheduler, 10 * total, total) == pytest.approx(floor)


@given(restarts=st.integers(0, 5), total=st.integers(20, 300))
def test_a_restart_goes_back_to_the_peak(restarts: int, total: int) -> None:
    found = values("cosine", total, warmup_steps=0, restarts=restarts, floor=0.0)
    jumps = [later for now, later in zip(found, found[1:], strict=False) if later > now]
    assert len(jumps) == restarts
    assert all(jump > 0.5 for jump in jumps)


@given(
    name=st.sampled_from(WARMED),
    share=st.floats(0, 0.5),
    total=st.integers(10, 400),
)
def test_a_warmup_by_share_is_that_of_as_many_steps(name: str, share: float, total: int) -> None:
    by_share = values(name, total, warmup_steps=0, warmup_share=share)
    assert by_share == values(name, total, warmup_steps=int(share * total))


@given(total=st.integers(2, 300), start=st.floats(1e-8, 0.5))
def test_a_range_test_rises_by_the_same_factor_from_its_start_to_one(
    total: int, start: float
) -> None:
    found = values("range-test", total, start=start)
    factors = [later / now for now, later in zip(found, found[1:], strict=False)]
    assert (found[0], found[-1]) == pytest.approx((start, 1.0))
    assert factors == pytest.approx([factors[0]] * len(factors))


# -- PyTorch's own schedules -------------------------------------------------------------------

TOTAL = 100
TORCH: dict[str, tuple[dict[str, object], Any]] = {
    "constant": ({}, lambda o: torch_schedules.ConstantLR(o, factor=1.0)),
    "linear": (
        {"floor": 0.1},
        lambda o: torch_schedules.LinearLR(o, 1.0, end_factor=0.1, total_iters=TOTAL),
    ),
    "cosine": ({"floor": 0.1}, lambda o: torch_schedules.CosineAnnealingLR(o, TOTAL, eta_min=0.1)),
    "polynomial": (
        {"power": 3.0},
        lambda o: torch_schedules.PolynomialLR(o, total_iters=TOTAL, power=3.0),
    ),
    "exponential": (
        {"last": 0.01},
        lambda o: torch_schedules.ExponentialLR(o, 0.01 ** (1 / TOTAL)),
    ),
    "step": ({"drop_every": 30, "drop_factor": 0.3}, lambda o: torch_schedules.StepLR(o, 30, 0.3)),
    "one-cycle": ({}, lambda o: torch_schedules.OneCycleLR(o, 1.0, total_steps=TOTAL)),
}


@pytest.mark.parametrize("name", TORCH)
def test_it_is_the_schedule_that_pytorch_has_by_that_name(name: str) -> None:
    options, build = TORCH[name]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0, momentum=0.9)
    scheduler, theirs = build(optimizer), []
    for _ in range(TOTAL):
        theirs.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scheduler.step()
    warmup = {} if name == "one-cycle" else {"warmup_steps": 0}
    assert values(name, TOTAL, **options, **warmup) == pytest.approx(theirs, abs=1e-9)


@given(
    scores=st.lists(st.sampled_from([5.0, 4.0, 3.0, 2.0, float("nan")]), max_size=40),
    patience=st.integers(1, 4),
    cooldown=st.integers(0, 3),
)
def test_plateau_drops_when_pytorchs_does(
    scores: list[float], patience: int, cooldown: int
) -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    theirs = torch_schedules.ReduceLROnPlateau(
        optimizer, factor=0.5, patience=patience - 1, cooldown=cooldown, threshold=0.0, eps=0.0
    )
    ours = Plateau(
        PlateauConfig(warmup_steps=0, drop_patience=patience, cooldown=cooldown), total_steps=100
    )
    for score in scores:
        ours.judge(score)
        theirs.step(score)
        assert ours(0) == optimizer.param_groups[0]["lr"]


def test_plateau_stops_at_its_floor() -> None:
    plateau = Plateau(PlateauConfig(drop_patience=1, floor=0.3), total_steps=100)
    assert [plateau.judge(1.0) for _ in range(5)] == [False, True, True, False, False]
    assert plateau.level == 0.3


# -- configuration -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "field", "words"),
    [
        ({"name": "cosine", "warmup_share": 0.1}, "warmup_share", "in steps too"),
        (
            {
                "name": "warmup-stable-decay",
                "warmup_steps": 0,
                "warmup_share": 0.5,
                "decay_share": 0.6,
            },
            "decay_share",
            "more than the run",
        ),
        ({"name": "linear", "restarts": 1}, "restarts", "unknown field"),
        ({"name": "range-test", "warmup_steps": 1}, "warmup_steps", "unknown field"),
    ],
)
def test_schedules_that_contradict_themselves_are_refused(
    options: dict[str, object], field: str, words: str
) -> None:
    with pytest.raises(BadInput, match=words) as refused:
        TrainingConfig.parse({"scheduler": options})
    assert refused.value.problems[0].path == f"scheduler.{field}"


def changed(name: str, option: str) -> dict[str, object]:
    before = KINDS[name].model_fields[option].default
    if option == "warmup_share":
        return {"warmup_steps": 0, option: 0.4}
    if option == "warmup_steps":
        return {option: 20}
    if isinstance(before, str):
        return {option: "linear"}
    return {option: before + 1 if isinstance(before, int) else before * 0.7 or 0.2}


@pytest.mark.parametrize(
    ("name", "option"),
    [
        (name, option)
        for name in sorted(set(KINDS) - {"plateau"})
        for option in KINDS[name].model_fields
        if option not in ("name", "divergence")
    ],
)
def test_every_option_changes_the_schedule(name: str, option: str) -> None:
    usual = {"drop_every": 100} if name == "step" else {}
    assert values(name, 400, **usual) != values(name, 400, **{**usual, **changed(name, option)})


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("drop_factor", 0.9),
        ("drop_patience", 2),
        ("smallest_gain", 2.0),
        ("cooldown", 2),
        ("floor", 0.9),
    ],
)
def test_every_option_changes_the_plateau(option: str, value: float) -> None:
    usual: dict[str, Any] = {"drop_patience": 1}
    assert levels(usual) != levels({**usual, option: value})


def levels(options: dict[str, Any]) -> list[float]:
    """What a plateau is at after each of some scores."""
    plateau, found = Plateau(PlateauConfig(**options), total_steps=100), []
    for score in (5.0, 4.0, 4.0, 3.5, 3.5, 3.5, 3.5, 3.5):
        plateau.judge(score)
        found.append(plateau.level)
    return found


# -- applied -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PURE)
def test_the_learning_rates_that_were_applied_are_those_that_were_drawn(
    name: str, tmp_path: Path
) -> None:
    warmup = {} if name in ("one-cycle", "range-test") else {"warmup_steps": 5}
    training = config(
        optimizer={"name": "sgd", "lr": 0.3},
        scheduler={"name": name, **warmup},
        length={"amount": 30},
    )
    run = RunStore(tmp_path).open(trained(tmp_path, training).run_id)
    drawn = [0.3 * multiplier(training.scheduler, step, 30) for step in range(30)]
    assert run.series("optim/lr").value.tolist() == drawn


def test_a_plateau_drops_what_is_applied_and_says_so(tmp_path: Path) -> None:
    training = config(
        length={"amount": 40},
        optimizer={"name": "sgd", "lr": 1e-9},
        scheduler={"name": "plateau", "warmup_steps": 2, "drop_patience": 2, "smallest_gain": 0.1},
        evaluation={"every_steps": 5},
    )
    run = RunStore(tmp_path).open(trained(tmp_path, training).run_id)
    levels = [0.5] + [1.0] * 14 + [0.5] * 10 + [0.25] * 10 + [0.125] * 5
    assert run.series("optim/lr").value.tolist() == [1e-9 * level for level in levels]
    told = [event["text"] for event in run.events()[0] if event["kind"] == "learning-rate"]
    assert len(told) == 3
    assert "0.5 of its peak" in told[0]
