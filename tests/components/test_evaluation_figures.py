"""The pictures of an evaluation: what was measured, and gaps where nothing was."""

import numpy as np
import pytest

from components.charts.class_history import class_history_figure
from components.charts.confusion import class_frame, confusion_figure
from components.charts.predicted import predicted_figure, residual_figure
from components.charts.reliability import reliability_figure
from components.class_history_view import thinned, worst
from components.confusion_view import most_confused
from engine.runs.evaluations import (
    ClassTable,
    LabelTable,
    NumberEvaluation,
    Reliability,
    Residuals,
)

MATRIX = np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]])


def heat(matrix=MATRIX, names=("cat", "dog", "owl"), dark=False):
    figure = confusion_figure(matrix, list(names), dark=dark)
    return figure, figure.data[0]


def test_the_colour_is_the_share_of_the_true_class():
    _, drawn = heat()
    assert drawn.z[:2].tolist() == [[0.75, 0.25, 0], [0, 1, 0]]
    assert (drawn.zmin, drawn.zmax) == (0, 1)
    assert drawn.text.tolist() == MATRIX.tolist()


def test_a_class_without_samples_is_a_gap_and_a_dash():
    figure, drawn = heat()
    assert np.isnan(drawn.z[2]).all()
    assert not drawn.hoverongaps
    assert figure.layout.yaxis.ticktext == ("cat", "dog", "owl –")
    assert figure.layout.xaxis.ticktext == ("cat", "dog", "owl")


def test_the_first_class_is_on_top_and_every_cell_says_its_classes():
    figure, drawn = heat()
    assert figure.layout.yaxis.autorange == "reversed"
    assert drawn.customdata[0, 1].tolist() == ["cat", "dog"]


@pytest.mark.parametrize(("classes", "counts"), [(2, True), (20, True), (21, False), (50, False)])
def test_counts_stand_in_cells_that_are_large_enough(classes, counts):
    figure, drawn = heat(np.eye(classes, dtype=int), map(str, range(classes)))
    assert bool(drawn.texttemplate) == counts
    assert figure.layout.height > 200
    assert figure.layout.width >= classes * (32 if counts else 14), "a cell can be read"
    assert figure.layout.width <= 800


def test_what_is_confused_most_often_is_said_in_words():
    matrix = ((3, 1, 0), (5, 4, 0), (0, 2, 0))
    assert most_confused(matrix, ("cat", "dog", "owl")) == (
        "Confused most often: dog taken for cat (5), owl taken for dog (2), cat taken for dog (1)."
    )
    assert most_confused(((1, 0), (0, 2)), ("a", "b")) == "Every sample was classified rightly."


def test_names_are_text_and_equal_ones_are_not_merged():
    figure, drawn = heat(np.eye(2, dtype=int), ["<b>x</b>" + "y" * 30] * 2)
    assert drawn.x == (0, 1)
    assert figure.layout.xaxis.ticktext[0] == "&lt;b&gt;x&lt;/b&gt;" + "y" * 9 + "…"
    assert drawn.customdata[0, 0][0] == "&lt;b&gt;x&lt;/b&gt;" + "y" * 30


def test_each_theme_has_its_scale():
    assert heat(dark=True)[1].colorscale != heat(dark=False)[1].colorscale


def test_what_cannot_be_known_is_missing_in_the_table():
    shares = {"precision": (0.5, None), "recall": (1, None), "f1": (0.6, None)}
    frame = class_frame(ClassTable(name=("a", "b"), **shares, support=(3, 0)))
    assert list(frame) == ["Class", "Precision", "Recall", "F1", "Samples"]
    assert frame["Precision"].isna().tolist() == [False, True]
    assert frame["Samples"].tolist() == [3, 0]


def test_unknown_everywhere_is_still_a_column_of_numbers():
    frame = class_frame(
        ClassTable(name=("a",), precision=(None,), recall=(None,), f1=(None,), support=(0,))
    )
    assert frame["F1"].dtype == np.float64


def test_labels_have_their_four_counts():
    one = {"name": ("a",), "precision": (1,), "recall": (1,), "f1": (1,), "support": (3,)}
    counts = {"true_positive": (2,), "false_positive": (5,), "false_negative": (1,)}
    frame = class_frame(LabelTable(**one, **counts, true_negative=(9,)))
    assert frame.iloc[0, 5:].tolist() == [2, 1, 5, 9]
    assert list(frame)[5:] == ["Found", "Missed", "Given wrongly", "Rightly left out"]


def test_bins_without_samples_are_left_out():
    figure = reliability_figure(
        Reliability(confidence=(None, 0.4, 0.9), accuracy=(None, 0.5, 1.0), count=(0, 1, 4))
    )
    diagonal, points = figure.data
    assert points.x == (0.4, 0.9)
    assert points.y == (0.5, 1.0)
    assert points.marker.size[0] < points.marker.size[1]
    assert diagonal.x == diagonal.y == (0, 1)


def test_without_any_sample_there_are_no_points():
    empty = Reliability(confidence=(None,), accuracy=(None,), count=(0,))
    assert reliability_figure(empty).data[1].x == ()


def numbers(true, predicted):
    residuals = Residuals(edges=(-1, 0, 2), count=(3, 4))
    return NumberEvaluation(
        samples=7, in_own_unit=True, true=true, predicted=predicted, residuals=residuals
    )


def test_predictions_are_drawn_over_true_values_beside_the_diagonal():
    diagonal, points = predicted_figure(numbers((1, 2, 5), (1.5, None, 9)), "").data
    assert points.x.tolist() == [1, 5]
    assert points.y.tolist() == [1.5, 9]
    assert diagonal.x == diagonal.y == (1, 9)


def test_without_a_finite_prediction_the_picture_is_empty():
    diagonal, points = predicted_figure(numbers((1,), (None,)), "").data
    assert (len(points.x), diagonal.x) == (0, ())


def test_residuals_are_bars_as_wide_as_their_bins():
    figure = residual_figure(Residuals(edges=(-1, 0, 2), count=(3, 4)), "(standardised)")
    (bars,) = figure.data
    assert bars.x.tolist() == [-0.5, 1]
    assert bars.width.tolist() == [1, 2]
    assert bars.y == (3, 4)
    assert figure.layout.shapes[0].x0 == 0
    assert figure.layout.xaxis.title.text == "predicted − true (standardised)"


def test_no_residuals_are_no_bars():
    assert len(residual_figure(Residuals(edges=(), count=()), "").data[0].x) == 0


def test_the_history_of_a_class_has_gaps_where_nothing_is_known():
    figure = class_history_figure([10, 20, 30], {"a": [0.5, None, 1.0]})
    assert figure.data[0].x.tolist() == [10, 20, 30]
    assert np.isnan(figure.data[0].y).tolist() == [False, True, False]


@pytest.mark.parametrize("count", [1, 200, 201, 5000])
def test_a_long_history_is_thinned_and_ends_with_the_newest(count):
    steps = thinned(range(1, count + 1))
    assert len(steps) <= 201
    assert steps[-1] == count


def test_the_worst_classes_are_drawn_first():
    shares = (0.9, None, 0.1, 0.5)
    names = ("a", "b", "c", "d")
    table = ClassTable(name=names, precision=shares, recall=shares, f1=shares, support=(1, 1, 1, 1))
    assert worst(table, 2) == ["c", "d"]
