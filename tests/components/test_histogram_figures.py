"""The pictures of how a tensor's numbers are spread."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.charts.histograms import BINS, bar_figure, heat_figure, spread
from engine.runs.histograms import Histogram


def normal(mean=0.0, width=1.0, samples=20_000, bins=64):
    numbers = np.random.default_rng(0).normal(mean, width, samples)
    counts, edges = np.histogram(numbers, bins)
    return Histogram(low=edges[0], high=edges[-1], counts=counts.tolist(), nonfinite=0)


histograms = st.builds(
    lambda low, size, counts: Histogram(low=low, high=low + size, counts=counts, nonfinite=0),
    st.floats(-1e3, 1e3),
    st.floats(1e-3, 1e3),
    st.lists(st.integers(0, 1000), min_size=1, max_size=70),
)


@given(st.dictionaries(st.integers(1, 1000), histograms, min_size=1, max_size=5))
def test_over_common_bins_each_step_keeps_nearly_all_its_numbers(found):
    result = spread(found)
    assert result.steps.tolist() == list(found)
    assert result.shares.shape == (BINS, len(found))
    assert (result.shares >= 0).all()
    assert np.all(result.shares.sum(axis=0) <= 1 + 1e-9)
    assert np.all(result.shares.sum(axis=0) >= 0.998 - 1e-9)


def test_a_histogram_over_its_own_bins_is_itself():
    found = Histogram(low=0.0, high=6.4, counts=[1000] * 64, nonfinite=0)
    assert np.allclose(spread({1: found}).shares, 0.998 / 64)


def test_what_drifts_is_seen_to_drift():
    result = spread({step: normal(mean=step / 10) for step in range(0, 50, 10)})
    centres = (result.edges[1:] + result.edges[:-1]) / 2
    means = (centres[:, None] * result.shares).sum(axis=0)
    assert np.allclose(means, [0, 1, 2, 3, 4], atol=0.1)


def test_one_outlier_does_not_fill_the_picture():
    tame = normal()
    wild = Histogram(low=-4, high=1e6, counts=[9999, *[0] * 62, 1], nonfinite=0)
    assert spread({1: tame, 2: wild}).edges[-1] < 20_000
    assert spread({1: tame}).edges[-1] < tame.high


@pytest.mark.parametrize("dark", [False, True])
def test_the_heatmap_shows_steps_values_and_shares(dark):
    result = spread({10: normal(), 30: normal(width=3), 40: normal(width=5)})
    (heat,) = heat_figure(result, dark=dark).data
    assert list(heat.x) == [10, 30, 40]
    assert len(heat.y) == BINS
    assert np.allclose(np.square(heat.z), result.shares, atol=1e-6)
    assert heat.zmax >= np.max(heat.z)
    assert heat.colorbar.ticktext[:3] == ("0%", "1%", "5%")
    assert np.allclose(np.square(heat.colorbar.tickvals)[:3], [0, 0.01, 0.05])


def test_the_scale_of_a_dark_page_is_another():
    scales = [heat_figure(spread({1: normal()}), dark=dark).data[0].colorscale for dark in (0, 1)]
    assert scales[0] != scales[1]


def test_the_bars_are_the_counts_where_they_were():
    (bars,) = bar_figure(Histogram(low=-1.0, high=3.0, counts=[5, 0, 2, 1], nonfinite=7)).data
    assert list(bars.x) == [-0.5, 0.5, 1.5, 2.5]
    assert list(bars.y) == [5, 0, 2, 1]
    assert bars.width == 1.0


def test_a_tensor_without_a_finite_number_has_pictures_too():
    nothing = Histogram(low=-0.5, high=0.5, counts=[0] * 64, nonfinite=9)
    assert sum(bar_figure(nothing).data[0].y) == 0
    heat_figure(spread({1: nothing}), dark=False)
