"""The sampled picture is held against the raw data."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from components.charts.sampling import (
    BLOCK,
    NO_EXTREMA,
    Extrema,
    Window,
    column_edges,
    extrema,
    span,
    visible,
)
from components.charts.smoothing import Smoother, smoothed

ANY_FLOAT = st.floats(allow_nan=True, allow_infinity=True, width=64)
FEW_VALUES = st.sampled_from([0.0, 1.0, -1.0, 5e-324, np.nan, np.inf, -np.inf])


@st.composite
def pictures(draw):
    """A series, with integer or real places that may repeat, and a window onto it."""
    size = draw(st.integers(1, 40 * BLOCK))
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    values = random.normal(size=size).round(draw(st.integers(0, 12)))
    for place in draw(st.lists(st.integers(0, size - 1), max_size=6)):
        length = draw(st.integers(1, 2 * BLOCK))
        values[place : place + length] = draw(FEW_VALUES)
    gaps = random.integers(0, draw(st.sampled_from([1, 2, 50])), size=size)
    x = np.cumsum(gaps)
    if draw(st.booleans()):
        x = x * 0.37
    ends = st.floats(float(x[0]) - 3, float(x[-1]) + 3)
    low, high = sorted((draw(ends), draw(ends)))
    return x, values, Window(low, high), draw(st.integers(1, 60))


def column_of(x, window, columns):
    return np.searchsorted(column_edges(window, columns), x, side="right")


@given(pictures(), st.booleans())
def test_every_pixel_column_keeps_its_first_last_smallest_and_largest_point(picture, indexed):
    x, y, window, columns = picture
    chosen = visible(x, y, window, columns, extrema(y) if indexed else NO_EXTREMA)
    inside = np.flatnonzero((x >= window.low) & (x <= window.high))
    column = column_of(x[inside], window, columns)
    kept = np.intersect1d(chosen, inside)
    for number in np.unique(column):
        raw = inside[column == number]
        left = kept[(kept >= raw[0]) & (kept <= raw[-1])]
        assert {raw[0], raw[-1]} <= set(left)
        finite, drawn = y[raw][np.isfinite(y[raw])], y[left][np.isfinite(y[left])]
        assert len(finite) == 0 or (finite.min(), finite.max()) == (drawn.min(), drawn.max())


@given(pictures())
def test_points_are_chosen_in_order_and_without_repetition_and_one_neighbour_each_side(picture):
    x, y, window, columns = picture
    chosen = visible(x, y, window, columns, extrema(y))
    start, stop = span(x, window)
    assert (np.diff(chosen) > 0).all()
    assert [i for i in chosen if i < start] == [start - 1] * (start > 0)
    assert [i for i in chosen if i >= stop] == [stop] * (stop < len(x))


@given(pictures())
def test_a_line_is_broken_wherever_a_value_between_two_columns_is_missing(picture):
    x, y, window, columns = picture
    chosen = visible(x, y, window, columns)
    column = column_of(x, window, columns)
    lines = [i for i in chosen if np.isfinite(y[i])]
    drawn = set(chosen)
    for left, right in zip(lines, lines[1:], strict=False):
        missing = [i for i in range(left + 1, right) if not np.isfinite(y[i])]
        if missing and column[left] != column[right]:
            assert drawn & set(missing)


@given(pictures())
def test_every_kind_of_strange_value_in_a_column_keeps_a_place(picture):
    x, y, window, columns = picture
    chosen = visible(x, y, window, columns, extrema(y))
    inside = np.flatnonzero((x >= window.low) & (x <= window.high))
    for kind in (np.isnan, np.isposinf, np.isneginf):
        raw = column_of(x[inside[kind(y[inside])]], window, columns)
        kept = np.intersect1d(chosen, inside)
        assert set(raw) == set(column_of(x[kept[kind(y[kept])]], window, columns))


@given(pictures())
def test_knowing_the_extrema_beforehand_changes_no_value(picture):
    x, y, window, columns = picture
    with_blocks = visible(x, y, window, columns, extrema(y))
    np.testing.assert_array_equal(y[with_blocks], y[visible(x, y, window, columns)])


@given(npst.arrays(np.float64, st.integers(0, 6 * BLOCK), elements=ANY_FLOAT), st.integers(0, 7))
def test_extrema_can_be_kept_up_block_by_block(values, blocks):
    whole = extrema(values)
    early = extrema(values[: blocks * BLOCK])
    late = extrema(values, len(early.low))
    for together, parts in zip(whole, zip(early, late, strict=True), strict=True):
        np.testing.assert_array_equal(together, np.concatenate(parts))


def test_a_window_with_few_points_is_shown_whole():
    x, y = np.arange(1000), np.sin(np.arange(1000.0))
    assert visible(x, y, Window(100, 139), 10).tolist() == list(range(99, 141))


def test_a_window_between_two_points_shows_the_line_that_crosses_it():
    assert visible(np.array([0, 100]), np.array([1.0, 2.0]), Window(40, 60), 300).tolist() == [0, 1]


def test_a_single_spike_among_a_million_points_survives():
    y = np.zeros(1_000_000)
    y[654_321] = 9.0
    chosen = visible(np.arange(1_000_000), y, Window(0, 999_999), 300, extrema(y))
    assert 654_321 in chosen
    assert len(chosen) <= 1200


@pytest.mark.parametrize("x", [np.empty(0, np.int64), np.empty(0)])
def test_an_empty_series_has_nothing_to_show(x):
    assert visible(x, np.empty(0), Window(0, 1), 100).tolist() == []


def test_extrema_are_a_named_tuple_of_the_whole_blocks():
    values = np.arange(2.0 * BLOCK + 1)
    found = extrema(values)
    assert isinstance(found, Extrema)
    assert found.low_at.tolist() == [0, BLOCK]
    assert found.high_at.tolist() == [BLOCK - 1, 2 * BLOCK - 1]


WEIGHTS = st.floats(0, 0.999)


@given(st.lists(st.floats(-1e9, 1e9) | FEW_VALUES, max_size=200), WEIGHTS)
def test_smoothing_follows_the_formula_point_by_point(values, weight):
    average, count, expected = 0.0, 0, []
    for value in values:
        if np.isfinite(value):
            count += 1
            average = weight * average + (1 - weight) * value
            value = average / (1 - weight**count)
        expected.append(value)
    scale = max((abs(v) for v in values if np.isfinite(v)), default=1.0)
    np.testing.assert_allclose(
        smoothed(np.array(values, float), weight), expected, rtol=1e-7, atol=1e-9 * scale
    )


@given(st.lists(st.floats(-1e9, 1e9) | FEW_VALUES, max_size=60), st.integers(0, 60), WEIGHTS)
def test_smoothing_can_go_on_where_it_stopped(values, cut, weight):
    series = np.array(values, float)
    smoother = Smoother(weight)
    parts = [smoother.extend(series[:cut]), smoother.extend(series[cut:])]
    np.testing.assert_array_equal(np.concatenate(parts), smoothed(series, weight))


@pytest.mark.parametrize("weight", [0.1, 0.6, 0.99])
def test_a_long_series_is_smoothed_to_the_same_bits_at_once_and_in_parts(weight):
    series = np.random.default_rng(0).normal(size=70_000)
    smoother = Smoother(weight)
    parts = [smoother.extend(part) for part in np.split(series, [100, 40_000])]
    np.testing.assert_array_equal(np.concatenate(parts), smoothed(series, weight))


@given(st.floats(-1e6, 1e6), WEIGHTS)
def test_a_constant_stays_what_it_is_from_the_first_point_on(value, weight):
    np.testing.assert_allclose(smoothed(np.full(50, value), weight), value, rtol=1e-9)


@pytest.mark.parametrize("weight", [-0.1, 1.0, np.nan])
def test_a_weight_outside_zero_to_one_is_refused(weight):
    with pytest.raises(ValueError, match="from 0 up to"):
        Smoother(weight)
