"""Means of several curves, their bands, and curves relative to a baseline."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.charts import bands
from components.charts.bands import Line
from components.charts.sampling import Window, column_edges
from components.live_feed.frame import array_at, decoded
from components.live_feed.query import SeriesQuery
from components.live_feed.refresh import Caches, refresh
from engine.runs.series import RECORD, MetricFiles
from engine.runs.store import RunStore
from tests.fabricate import run_of

NAN = np.nan


def line(*points):
    x, y = zip(*points, strict=True)
    return Line(np.array(x, float), np.array(y, float))


THREE = [line((0, 1), (2, 1)), line((0, 2), (2, 4)), line((0, 3), (2, 7))]


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [("std", [1, 1], [3, 7]), ("range", [1, 1], [3, 7]), ("stderr", [2 - 3**-0.5], [2 + 3**-0.5])],
)
def test_a_band_is_what_its_name_says(kind, low, high):
    found = bands.band(THREE, np.array([0.0, 2.0]), kind)
    assert found.mean.tolist() == [2, 4]
    np.testing.assert_allclose(found.low[: len(low)], low)
    np.testing.assert_allclose(found.high[: len(high)], high)
    assert found.runs.tolist() == [3, 3]


def test_a_run_is_interpolated_between_its_points_and_never_outside():
    found = bands.band([line((0, 0), (4, 8)), line((2, 10), (3, 11))], np.arange(6.0), "range")
    np.testing.assert_array_equal(found.mean, [0, 2, 7, 8.5, 8, NAN])
    assert found.runs.tolist() == [1, 1, 2, 2, 1, 0]


def test_nothing_is_drawn_across_a_value_that_is_not_a_number():
    values = bands.at(line((0, 1), (2, NAN), (4, 3), (6, np.inf), (8, 5)), np.arange(9.0))
    np.testing.assert_array_equal(values, [1, NAN, NAN, NAN, 3, NAN, NAN, NAN, 5])


def test_one_run_has_no_deviation():
    found = bands.band([line((0, 1), (1, 2))], np.array([0.0, 1.0]), "std")
    assert found.mean.tolist() == [1, 2]
    assert np.isnan(found.low).all()


@pytest.mark.parametrize(
    ("relation", "expected"), [("difference", [NAN, 1, 4]), ("ratio", [NAN, NAN, 3])]
)
def test_a_curve_relative_to_a_baseline_is_taken_at_its_own_places(relation, expected):
    base = line((1, 0), (3, 4))
    curve = line((0, 5), (1, 1), (2, 6))
    np.testing.assert_array_equal(bands.relative(curve, base, relation), expected)


@given(
    seed=st.integers(0, 2**32 - 1),
    runs=st.integers(1, 6),
    few=st.booleans(),
    columns=st.integers(1, 50),
)
def test_a_band_from_lowest_to_highest_keeps_the_extremes_of_every_pixel_column(
    seed, runs, few, columns
):
    random = np.random.default_rng(seed)
    lines = []
    for size in random.integers(2, 900, runs):
        steps = np.cumsum(random.integers(1, 4, size)).astype(float)
        lines.append(Line(steps, random.normal(size=size)))
    window = Window(0.0, max(one.x[-1] for one in lines))
    edges = column_edges(window, columns)
    before = bands.MOST_EXACT
    bands.MOST_EXACT = before if few else 0
    try:
        x = bands.common_places(lines, window, edges)
    finally:
        bands.MOST_EXACT = before
    shown = bands.drawn(bands.band(lines, x, "range"), window, edges)
    column = np.searchsorted(edges, shown.x, side="right")
    for one in lines:
        for number, value in zip(np.searchsorted(edges, one.x, side="right"), one.y, strict=True):
            here = column == number
            assert np.nanmin(shown.low[here]) <= value <= np.nanmax(shown.high[here])


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def run_with(store, values, first=1):
    run = run_of(store, status="running", steps=0)
    records = np.zeros(len(values), RECORD)
    records["step"] = np.arange(first, first + len(values))
    records["value"] = values
    files = MetricFiles(run.metrics_folder)
    files.append("val/loss", records)
    files.close()
    return run


def asked(store, runs, **options):
    ids = tuple(run.id for run in runs)
    query = SeriesQuery(run=ids, metric=("val/loss",), **options)
    return decoded(refresh(store, Caches(), query))


def test_runs_with_one_label_are_sent_as_one_curve_with_a_band(store):
    runs = [run_with(store, [1, 2, 3]), run_with(store, [3, 4, 5, 6]), run_with(store, [9, 9])]
    groups = {runs[0].id: "lr 0.1", runs[1].id: "lr 0.1"}
    header, body = asked(store, runs, groups=groups, band="range")
    curves = {curve["run"]: curve["raw"] for curve in header["curves"]}
    assert set(curves) == {"group:lr 0.1", runs[2].id}
    group = curves["group:lr 0.1"]
    read = {name: array_at(body, group[name]).tolist() for name in ("y", "low", "high", "count")}
    assert read == {
        "y": [2, 3, 4, 6],
        "low": [1, 2, 3, 6],
        "high": [3, 4, 5, 6],
        "count": [2, 2, 2, 1],
    }
    assert array_at(body, group["x"]["at"]).tolist() == [1, 2, 3, 4]


def test_a_group_is_sent_again_only_when_one_of_its_runs_has_news(store):
    runs = [run_with(store, [1, 2, 3]), run_with(store, [3, 4])]
    groups = dict.fromkeys((run.id for run in runs), "both")
    query = SeriesQuery(run=tuple(groups), metric=("val/loss",), groups=groups)
    header, _ = decoded(refresh(store, caches := Caches(), query))
    again = query.model_copy(update={"have": header["token"]})
    assert refresh(store, caches, again) is None
    files = MetricFiles(runs[1].metrics_folder)
    files.append("val/loss", np.array([(3, 0.0, 1.0)], RECORD))
    files.close()
    assert refresh(store, caches, again) is not None


def test_curves_are_sent_relative_to_the_baseline(store):
    runs = [run_with(store, [1, 2, 4]), run_with(store, [3, 3, 3, 3]), run_with(store, [5, 5], 2)]
    header, body = asked(store, runs, baseline=runs[0].id)
    curves = {c["run"]: array_at(body, c["raw"]["y"]).tolist() for c in header["curves"]}
    assert curves[runs[0].id] == [0, 0, 0]
    np.testing.assert_array_equal(curves[runs[1].id], [2, 1, -1, NAN])
    assert curves[runs[2].id] == [3, 1]


def test_a_metric_that_the_baseline_does_not_have_is_left_out(store):
    runs = [run_of(store, status="running", steps=0), run_with(store, [1, 2])]
    header, _ = asked(store, runs, baseline=runs[0].id)
    assert header["curves"] == []
