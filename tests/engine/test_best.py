"""What the best is, which few are kept, and that nothing is best that was never measured."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.best import BestSoFar
from engine.runs.store import RunStore
from engine.task_spec import Mode
from tests.engine.training import config, trained

VALUES = st.lists(st.one_of(st.sampled_from([1.0, 2.0, 3.0]), st.floats()), max_size=12)


def judged(best: BestSoFar, values: list[float], first: int = 1) -> BestSoFar:
    for step, value in enumerate(values, start=first):
        best.judge(step, {"loss": value})
    return best


@given(values=VALUES, mode=st.sampled_from(["min", "max"]), keep=st.integers(0, 4))
def test_the_kept_are_the_best_finite_ones_the_earlier_first(
    values: list[float], mode: Mode, keep: int
) -> None:
    sign = 1 if mode == "min" else -1
    finite = [(sign * value, step) for step, value in enumerate(values, 1) if math.isfinite(value)]
    best = judged(BestSoFar("val/loss", mode, 0.0, keep), values)
    assert best.kept_steps == {step for _, step in sorted(finite)[:keep]}
    assert [best.is_kept(step) for step in range(14)] == [s in best.kept_steps for s in range(14)]


@pytest.mark.parametrize("mode", ["min", "max"])
def test_a_missing_metric_is_never_the_best(mode: Mode) -> None:
    best = BestSoFar("val/loss", mode, 0.0, keep=2)
    best.judge(1, {"accuracy": 0.0})
    assert (best.best, best.stale, best.kept_steps) == (None, 1, frozenset())
    best.judge(2, {"loss": 5.0})
    best.judge(3, {})
    assert best.best is not None
    assert (best.best.value, best.stale, best.kept_steps) == (5.0, 1, {2})
    assert math.isnan(best.score({}))


def test_what_is_reported_as_the_best_is_kept_even_where_small_gains_do_not_count() -> None:
    best = judged(BestSoFar("val/loss", "min", 0.5, keep=1), [3.0, 2.9, 2.8])
    assert best.best is not None
    assert best.best.step == 1
    assert best.kept_steps == {1, 3}


@given(values=VALUES, cut=st.integers(0, 12))
def test_a_judgement_goes_on_where_it_was(values: list[float], cut: int) -> None:
    whole = judged(BestSoFar("val/loss", "min", 0.1, 3), values)
    first = judged(BestSoFar("val/loss", "min", 0.1, 3), values[:cut])
    second = BestSoFar("val/loss", "min", 0.1, 3)
    second.load_state_dict(first.state_dict())
    judged(second, values[cut:], first=min(cut, len(values)) + 1)
    assert second.state_dict() == whole.state_dict()


def test_a_judgement_of_before_the_best_few_is_understood() -> None:
    best = BestSoFar("val/loss", "min", 0.0, keep=2)
    best.load_state_dict(
        {"best": {"metric": "val/loss", "value": 2.0, "step": 4}, "stale": 1},
    )
    assert best.kept_steps == {4}
    assert judged(best, [3.0], first=5).kept_steps == {4, 5}
    best.load_state_dict({"best": None, "stale": 3})
    assert (best.kept_steps, best.stale) == (frozenset(), 3)


def test_a_judgement_of_another_metric_counts_for_nothing() -> None:
    losses = judged(BestSoFar("val/loss", "min", 0.0, 1), [0.2, 0.3])
    accuracy = BestSoFar("val/accuracy", "max", 0.0, 1)
    accuracy.load_state_dict(losses.state_dict())
    assert (accuracy.best, accuracy.stale, accuracy.kept_steps) == (None, 0, frozenset())


def test_a_run_keeps_its_newest_and_its_best_few(tmp_path: Path) -> None:
    training = config(
        length={"amount": 100},
        optimizer={"name": "sgd", "lr": 3.0},
        evaluation={"every_steps": 5},
        checkpointing={"every_steps": 7, "keep_last": 2, "keep_best": 3},
    )
    run = RunStore(tmp_path).open(trained(tmp_path, training).run_id)
    series = run.series("val/loss")
    ranked = sorted(zip(series.value.tolist(), series.step.tolist(), strict=True))
    kept = {step for _, step in ranked[:3]}
    assert run.checkpoint_steps() == sorted(kept | {98, 100})
