"""Runs as points and as lines through parallel axes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.charts.columns import Column, log_ticks, ticks
from components.charts.palette import COLORS, colors_of
from components.charts.parallel import axis_of, colored, parallel_figure
from components.charts.scatter import Scatter, scatter_figure

finite = st.floats(-1e9, 1e9, allow_nan=False)


def column(*values, name="field"):
    return Column(name, values)


@pytest.mark.parametrize(
    ("values", "numeric", "log"),
    [
        ((1e-4, 1e-2), True, True),
        ((3e-4, 1e-2), True, True),
        ((1.0, 9.9), True, False),
        ((0.0, 1e-2, 100.0), True, False),
        ((1e-4, None, math.nan, 1e-2), True, True),
        ((1, 2, "adam"), False, False),
        ((True, False), False, False),
        ((None, ""), False, False),
        ((math.nan,), True, False),
        ((), False, False),
    ],
)
def test_a_column_of_numbers_over_decades_is_logarithmic(values, numeric, log):
    assert (column(*values).numeric, column(*values).logarithmic()) == (numeric, log)


def test_a_logarithmic_axis_has_no_place_for_what_is_not_positive():
    found = column(-1.0, 0.0, 2.0, math.inf, None)
    assert found.places("log") == [None, None, 2.0, None, None]
    assert found.places() == [-1.0, 0.0, 2.0, None, None]


def test_names_stand_for_what_is_no_number():
    assert column(True, 3, ("a", "b"), None, "").places() == ["on", "3", "a, b", None, None]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 10, [0, 2, 4, 6, 8, 10]), (0.13, 0.97, [0.2, 0.4, 0.6, 0.8]), (5, 5, [5])],
)
def test_ticks_are_round(low, high, expected):
    assert ticks(low, high) == pytest.approx(expected)


@given(finite, finite)
def test_ticks_lie_between_the_ends(low, high):
    found = ticks(min(low, high), max(low, high))
    span = abs(high - low)
    assert 1 <= len(found) <= 7
    assert all(
        min(low, high) - 1e-6 * span <= tick <= max(low, high) + 1e-6 * span for tick in found
    )


def test_log_ticks_are_powers_of_ten_or_the_ends():
    assert log_ticks(1e-4, 1e-1) == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1])
    assert log_ticks(2, 9) == [2, 9]
    assert log_ticks(3, 3) == [3]


RUNS = {"r1": "<b>one</b>", "r2": "two", "r3": "three"}


def test_points_under_others_are_counted():
    runs = {"a": "a", "b": "b", "c": "c", "d": "d"}
    x, y = column(1.0, 1.0, 2.0, 1.0, name="x"), column(3.0, 3.0, 3.0, None, name="y")
    assert Scatter(runs, x, y).hidden() == 1


def test_a_point_has_its_runs_name_and_id_and_missing_ones_are_left_out():
    scatter = Scatter(RUNS, column(1e-3, 1e-1, None, name="lr"), column(2.0, 1.0, 3.0, name="loss"))
    assert scatter.drawn() == [0, 1]
    (trace,) = scatter_figure(scatter).data
    assert list(trace.customdata) == ["r1", "r2"]
    assert trace.hovertext[0] == "<b>&lt;b&gt;one&lt;/b&gt;</b><br>lr: 0.001<br>loss: 2"
    assert list(trace.marker.color) == [colors_of(RUNS)["r1"], colors_of(RUNS)["r2"]]


def test_axes_follow_what_is_on_them():
    layout = scatter_figure(
        Scatter(RUNS, column(1e-4, 1.0, 1e-2), column("b<", "a", "b<"), y_scale="log")
    ).layout
    assert (layout.xaxis.type, layout.yaxis.type) == ("log", "category")
    assert list(layout.yaxis.categoryarray) == ["a", "b&lt;"]


def test_colours_by_a_number_by_a_name_and_unknown():
    x, y = column(1, 2, 3), column(1, 2, 3)
    known, unknown = scatter_figure(Scatter(RUNS, x, y, column(5.0, None, 7.0))).data
    assert list(known.marker.color) == [5.0, 7.0]
    assert list(unknown.customdata) == ["r2"]
    traces = scatter_figure(Scatter(RUNS, x, y, column("sgd", "adam", None))).data
    assert [(t.name, list(t.customdata), t.marker.color) for t in traces] == [
        ("adam", ["r2"], COLORS[0]),
        ("sgd", ["r1"], COLORS[1]),
        ("–", ["r3"], "#8a8f98"),
    ]


def test_no_run_at_all_is_an_empty_picture():
    assert list(scatter_figure(Scatter({}, column(), column())).data[0].x) == []


def test_a_number_axis_has_its_lowest_below_and_its_highest_above():
    axis = axis_of(column(1.0, 3.0, 2.0))
    assert axis.at == (1.0, 3.0, 2.0)
    assert (axis.low, axis.high) == (1.0, 3.0)
    assert axis.tick_text == ("1", "1.5", "2", "2.5", "3")


def test_a_log_axis_has_powers_of_ten():
    axis = axis_of(column(1e-4, 1e-2))
    assert axis.at == pytest.approx((-4, -2))
    assert axis.tick_at == pytest.approx((-4, -3, -2))
    assert axis.tick_text == ("0.0001", "0.001", "0.01")


def test_what_is_not_known_stands_below_with_a_dash():
    axis = axis_of(column(0.0, 1.0, None, math.nan))
    assert axis.at == pytest.approx((0, 1, -0.12, -0.12))
    assert axis.tick_text[0] == "–"
    assert axis.low == pytest.approx(-0.12)
    names = axis_of(column("sgd", None, "adam"))
    assert names.at == pytest.approx((1, -0.12, 0))
    assert names.tick_text == ("–", "adam", "sgd")


@pytest.mark.parametrize("values", [(5,), (None,), (math.nan,), (), ("a",)])
def test_an_axis_with_one_value_or_none_has_some_length(values):
    axis = axis_of(column(*values))
    assert len(axis.at) == len(values)
    assert axis.low < axis.high


def test_a_parallel_figure_has_an_axis_a_column_and_colours():
    columns = [column(1e-4, 1e-2, name="optimizer.lr"), column("a", "b", name="x" * 30)]
    (lines,) = parallel_figure(columns, column(1.0, 2.0, name="loss")).data
    assert [d.label for d in lines.dimensions] == ["optimizer.lr", "…" + "x" * 21]
    assert list(lines.line.color) == [1.0, 2.0]
    assert colored(column(1.0, math.nan, None, 2.0)) == [0, 3]
