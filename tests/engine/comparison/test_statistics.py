"""Spread of groups, Welch's test and Holm's adjustment."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from engine.comparison.baseline import relative
from engine.comparison.statistics import ALIKE, FEW, HUGE, Spread, holm, pairs, spread, welch

numbers = st.floats(-1e6, 1e6, allow_nan=False, width=32)
probabilities = st.lists(st.floats(0, 1), max_size=8)


def test_a_spread_is_that_of_a_sample():
    found = spread([1.0, 2.0, 3.0, 6.0])
    assert found == Spread(4, 3.0, pytest.approx(math.sqrt(14 / 3)), 1.0, 6.0)
    assert found.stderr == pytest.approx(math.sqrt(14 / 3) / 2)


def test_one_value_has_no_deviation_and_none_has_no_spread():
    assert spread([2.5]) == Spread(1, 2.5, None, 2.5, 2.5)
    assert spread([2.5]).stderr is None
    assert spread([]) is None


@given(st.lists(numbers, min_size=1, max_size=9), st.randoms())
def test_the_order_of_the_values_changes_nothing(values, random):
    shuffled = random.sample(values, len(values))
    assert spread(shuffled) == spread(values)


def test_welch_gives_the_numbers_of_the_textbook():
    """Two samples of unequal variance, example 3 of Wikipedia's article."""
    a = [19.8, 20.4, 19.6, 17.8, 18.5, 18.9, 18.3, 18.9, 19.5, 22.0]
    b = [28.2, 26.6, 20.1, 23.3, 25.2, 22.1, 17.7, 27.6, 20.6, 13.7]
    b += [23.2, 17.5, 20.6, 18.0, 23.9, 21.6, 24.3, 20.4, 24.0, 13.2]
    found = welch(spread(a), spread(b))
    assert found.p == pytest.approx(0.036, abs=5e-4)


@given(st.lists(numbers, min_size=2, max_size=6), st.lists(numbers, min_size=2, max_size=6))
def test_welch_agrees_with_scipy(a, b):
    one, other = spread(a), spread(b)
    size = max(map(abs, (*a, *b)))
    assume(min(one.std, other.std) > 1e-3 * size > 0)
    expected = stats.ttest_ind(b, a, equal_var=False)
    found = welch(one, other)
    assert found.p == pytest.approx(float(expected.pvalue), rel=1e-6, abs=1e-12)
    interval = expected.confidence_interval(0.95)
    assert found[:2] == pytest.approx((interval.low, interval.high), rel=1e-6, abs=1e-9 * size)


def test_one_group_without_spread_can_be_tested_and_two_cannot():
    alike, spread_out = [1.0, 1.0, 1.0], [2.0, 3.0, 4.0]
    (pair,) = pairs({"a": alike, "b": spread_out})
    assert pair.test.p == pytest.approx(0.0741799, abs=1e-6)  # t = 2 / (1 / sqrt 3), 2 degrees
    (pair,) = pairs({"a": alike, "b": [2.0, 2.0]})
    assert (pair.test, pair.why_not, pair.difference) == (None, ALIKE, 1.0)


@given(numbers, numbers, st.integers(2, 7))
def test_groups_of_equal_values_are_never_tested_however_they_are_rounded(one, other, n):
    (pair,) = pairs({"a": [one / 3] * n, "b": [other / 3] * n})
    assert (pair.test, pair.why_not) == (None, ALIKE)
    assert pair.difference == other / 3 - one / 3


@given(st.lists(st.floats(1, 1e6), min_size=2, max_size=6), st.sampled_from([-900, 900]))
def test_values_of_any_size_are_spread_and_tested_alike(values, power):
    other = [2.0, 3.0, 5.0]
    far = {"a": [x * 2.0**power for x in values], "b": [x * 2.0**power for x in other]}
    (near,), (pair,) = pairs({"a": values, "b": other}), pairs(far)
    assert pair.difference == near.difference * 2.0**power
    assert pair.test.p == near.test.p


def test_what_is_beyond_all_numbers_is_not_known():
    found = spread([1.7e308, -1.7e308])
    assert (found.mean, found.std, found.stderr) == (0.0, None, None)
    (pair,) = pairs({"a": [1.7e308, -1.7e308], "b": [1.0, 2.0]})
    assert (pair.difference, pair.test, pair.why_not) == (None, None, HUGE)
    assert relative(1.7e308, -1.7e308, "min") == (None, None, "worse")
    assert relative(1e308, 1e-308, "max") == (1e308, None, "better")


def test_a_single_seed_is_not_tested():
    (pair,) = pairs({"a": [1.0], "b": [2.0, 3.0]})
    assert (pair.n, pair.difference) == ((1, 2), 1.5)
    assert (pair.test, pair.adjusted_p, pair.why_not) == (None, None, FEW)
    (pair,) = pairs({"a": [], "b": [2.0, 3.0]})
    assert (pair.n, pair.difference, pair.why_not) == ((0, 2), None, FEW)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


@given(probabilities)
def test_an_adjusted_p_is_never_lower_and_never_above_one(values):
    for before, after in zip(values, holm(values), strict=True):
        assert before <= after <= 1


@given(probabilities, st.randoms())
def test_holm_does_not_depend_on_the_order(values, random):
    places = random.sample(range(len(values)), len(values))
    adjusted = holm(values)
    assert holm([values[place] for place in places]) == [adjusted[place] for place in places]


def test_only_what_was_tested_is_adjusted_for():
    groups = {"a": [1.0, 1.1, 0.9], "b": [2.0, 2.2, 1.9], "c": [5.0]}
    tested, *others = pairs(groups)
    assert tested.adjusted_p == tested.test.p
    assert [pair.why_not for pair in others] == [FEW, FEW]
