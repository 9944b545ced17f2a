"""The newest and best values of metrics, of runs, of groups, and against a baseline."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.comparison import At, Summaries, Summary, grouped, groups, measured, relative
from engine.comparison.measured import usual_metrics
from engine.runs.record import Imported
from engine.runs.series import RECORD, records_of
from engine.runs.state import RunState
from engine.runs.store import RunStore
from tests import fabricate
from tests.engine.comparison.made import compared, log, run_with

values = st.lists(st.floats(width=32), max_size=12)


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path)


def summary_of(found):
    points = [(step, 0.0, value) for step, value in enumerate(found)]
    return Summary().with_more(np.array(points, RECORD))


def test_a_summary_skips_what_is_not_finite_but_keeps_it_as_the_newest():
    found = summary_of([math.nan, 2.0, 1.0, 1.0, math.inf, -math.inf, math.nan])
    assert found.points == 7
    assert (found.lowest, found.highest) == (At(1.0, 2), At(2.0, 1))
    assert math.isnan(found.newest.value)
    assert found.newest.step == 6
    assert (found.best("min"), found.best("max"), found.best(None)) == (
        At(1.0, 2),
        At(2.0, 1),
        None,
    )


@given(values, st.integers(0, 12))
def test_a_series_read_in_two_parts_has_the_summary_of_the_whole(found, cut):
    points = records_of((step, 0.0, value) for step, value in enumerate(found))
    parts = Summary().with_more(points[:cut]).with_more(points[cut:])
    assert repr(parts) == repr(summary_of(found))  # a NaN is not equal to itself


@given(values)
def test_the_best_is_one_of_the_finite_values_and_none_is_better(found):
    finite = [value for value in found if math.isfinite(value)]
    summary = summary_of(found)
    assert (summary.lowest.value if finite else None) == (min(finite) if finite else None)
    assert (summary.highest.value if finite else None) == (max(finite) if finite else None)


def test_a_growing_series_is_read_on_and_a_cut_one_again(store):
    run = run_with(store, {"val/loss": [3.0, 2.0]})
    known = Summaries()
    (before,) = compared(store, run)
    assert known.of(before, "val/loss") == Summary(2, At(2.0, 2), At(2.0, 2), At(3.0, 1))
    log(run, {"val/loss": [1.0]}, after=2)
    assert known.of(before, "val/loss") == Summary(3, At(1.0, 3), At(1.0, 3), At(3.0, 1))
    path = run.metrics_folder / "val%2floss.bin"
    path.write_bytes(path.read_bytes()[:24])
    log(run, {"val/loss": [9.0, 8.0, 7.0]}, after=1)
    run.write_state(run.state().model_copy(update={"attempt": 2}))
    (after,) = compared(store, run)
    assert known.of(after, "val/loss") == Summary(4, At(7.0, 4), At(3.0, 1), At(9.0, 2))


def test_a_metric_that_a_run_does_not_have_and_one_of_garbage(store):
    run = run_with(store, {"val/loss": [3.0]})
    (run.metrics_folder / "torn.bin").write_bytes(b"x" * 23)
    (found,) = compared(store, run)
    assert Summaries().of(found, "nothing") == Summary()
    assert Summaries().of(found, "torn") == Summary()


def test_the_best_runs_are_named_by_the_metrics_own_direction(store):
    runs = compared(
        store,
        run_with(store, {"val/loss": [2.0, 1.0], "val/accuracy": [0.5], "x": [1.0]}),
        run_with(store, {"val/loss": [1.5, 1.4], "val/accuracy": [0.9], "x": [2.0]}),
        run_with(store, {"val/loss": [1.0, math.nan], "val/accuracy": [0.9]}),
        run_with(store),
    )
    loss, accuracy, other = (
        measured(runs, metric, Summaries()) for metric in ("val/loss", "val/accuracy", "x")
    )
    assert loss.values("best") == (1.0, 1.4, 1.0, None)
    assert loss.leaders("best") == {0, 2}
    assert loss.leaders("newest") == {0}
    assert accuracy.leaders("best") == {1, 2}
    assert other.best == (None,) * 4
    assert other.leaders("newest") == frozenset()


def test_nobody_is_best_alone(store):
    runs = compared(store, run_with(store, {"val/loss": [1.0]}))
    assert measured(runs, "val/loss", Summaries()).leaders("best") == frozenset()


def test_values_against_a_baseline(store):
    runs = compared(
        store,
        run_with(store, {"val/loss": [2.0]}),
        run_with(store, {"val/loss": [1.5]}),
        run_with(store),
    )
    found = measured(runs, "val/loss", Summaries()).against(0, "newest")
    assert found == ((0.0, 0.0, "same"), (-0.5, -25.0, "better"), (None, None, None))


@pytest.mark.parametrize(
    ("value", "base", "mode", "expected"),
    [
        (0.9, 0.8, "max", (pytest.approx(0.1), pytest.approx(12.5), "better")),
        (-3.0, -2.0, "max", (-1.0, -50.0, "worse")),
        (1.0, 0.0, "min", (1.0, None, "worse")),
        (1.0, 2.0, None, (-1.0, -50.0, None)),
        (math.nan, 2.0, "min", (None, None, None)),
        (1.0, math.inf, "min", (None, None, None)),
        (None, 2.0, "min", (None, None, None)),
    ],
)
def test_relative_numbers(value, base, mode, expected):
    assert relative(value, base, mode) == expected


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["min", "max", None]))
def test_a_run_is_the_same_as_itself(value, mode):
    found = relative(value, value, mode)
    assert (found.difference, found.verdict) == (0.0, "same")


def test_a_group_is_measured_over_its_finite_values(store):
    rows = [(1, 1.0), (1, 2.0), (1, math.nan), (2, 5.0), (2, 6.0), (2, None)]
    runs = compared(
        store,
        *(
            run_with(
                store,
                {} if value is None else {"val/loss": [value]},
                training__optimizer__lr=lr / 10,
                training__reproducibility__seed=seed,
            )
            for seed, (lr, value) in enumerate(rows)
        ),
    )
    found = grouped(groups(runs, ["optimizer.lr"]), "val/loss", "newest", Summaries())
    low, high = found.groups
    assert (low.label, low.spread.n, low.spread.mean, low.left_out) == ("0.1", 2, 1.5, 1)
    assert (high.label, high.spread.n, high.spread.mean, high.left_out) == ("0.2", 2, 5.5, 1)
    (pair,) = found.pairs
    assert (pair.left, pair.right, pair.difference) == ("0.1", "0.2", 4.0)
    assert pair.test.p == pytest.approx(0.0298, abs=1e-4)  # t = 4 / sqrt(1/2), 2 degrees


def imported_with(store, value, **config):
    """A completed run of elsewhere with these settings."""
    run = store.create(Imported(source="wandb", config=config))
    log(run, {"val/loss": [value]})
    run.write_state(RunState(status="completed", attempt=1, step=1))
    return run


def test_settings_that_read_alike_are_one_group_and_lose_no_run(store):
    settings = [(1.0, 0.1), (2.0, "0.1"), (3.0, 0.2), (4.0, True), (5.0, "on")]
    runs = compared(store, *(imported_with(store, value, rate=rate) for value, rate in settings))
    found = grouped(groups(runs, ["rate"]), "val/loss", "newest", Summaries())
    assert [(one.label, one.spread.n, one.spread.mean, one.left_out) for one in found.groups] == [
        ("0.1", 2, 1.5, 0),
        ("0.2", 1, 3.0, 0),
        ("on", 2, 4.5, 0),
    ]


def test_groups_of_several_fields_with_the_same_words_stay_two(store):
    runs = compared(
        store,
        imported_with(store, 1.0, a="x · y", b="z"),
        imported_with(store, 2.0, a="x", b="y · z"),
    )
    found = grouped(groups(runs, ["a", "b"]), "val/loss", "newest", Summaries())
    assert [(one.label, one.spread.mean) for one in found.groups] == [
        ("'x' · 'y · z'", 2.0),
        ("'x · y' · 'z'", 1.0),
    ]


def test_too_many_groups_are_not_tested_each_against_each(store):
    runs = compared(
        store, *(run_with(store, training__reproducibility__seed=seed) for seed in range(13))
    )
    found = grouped(groups(runs, ["reproducibility.seed"]), "val/loss", "best", Summaries())
    assert len(found.groups) == 13
    assert found.pairs == ()
    assert found.groups[0] == ("0", None, 1)


def test_the_usual_metrics_are_what_is_monitored_and_then_the_validation(store):
    runs = compared(store, fabricate.run_of(store))
    assert usual_metrics(runs) == ("val/loss", "val/bits_per_char", "val/perplexity")
    assert usual_metrics(compared(store, run_with(store))) == ()
    bare = compared(store, run_with(store, {"train/loss": [1.0], "b": [1.0]}))
    assert usual_metrics(bare) == ("train/loss",)
    strange = compared(store, run_with(store, {"a": [1.0], "b": [1.0]}))
    assert usual_metrics(strange) == ("a", "b")
