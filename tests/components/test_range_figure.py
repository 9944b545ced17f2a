"""The picture of a learning-rate range test."""

import numpy as np
import pytest

from components.charts.range_test import range_figure
from engine.learning_rates.range_test import analysed

RATES = np.geomspace(1e-6, 1.0, 100)
FALLS_AND_EXPLODES = 2 - 1 / (1 + np.exp(-np.linspace(-9, 9, 100))) + (RATES * 2) ** 9


def test_the_suggestion_is_marked_where_it_is():
    result = analysed(RATES, FALLS_AND_EXPLODES)
    figure = range_figure(result)
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.shapes[0].x0 == result.suggestion
    assert 10 ** figure.layout.annotations[0].x == pytest.approx(result.suggestion)


def test_what_diverged_does_not_flatten_the_rest():
    lowest, highest = range_figure(analysed(RATES, FALLS_AND_EXPLODES)).layout.yaxis.range
    assert 0.8 < lowest < 1.1
    assert 2.0 < highest < 2.5


@pytest.mark.parametrize("loss", [np.zeros(0), np.full(50, 3.0), np.full(50, np.nan)])
def test_without_a_suggestion_nothing_is_marked(loss):
    figure = range_figure(analysed(RATES[: len(loss)], loss))
    assert not figure.layout.shapes
    assert not figure.layout.annotations
