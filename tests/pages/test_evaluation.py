"""The Evaluation tab of the Live page, on fabricated run folders."""

import json

import pytest
import torch

from components import live_state
from engine.metrics import Known, validation_metrics
from engine.task_spec import TaskSpec
from tests import fabricate


def report(kind, outputs, targets, **known):
    metrics = validation_metrics(TaskSpec(kind=kind), Known(**known))
    metrics.update(outputs, targets)
    return metrics.report()


def of_classes(count, **known):
    return report("image-classification", torch.eye(count), torch.arange(count).flip(0), **known)


LABELS = report(
    "multi-label-classification",
    torch.tensor([[1.0, -1.0]]),
    torch.tensor([[1.0, 0.0]]),
    classes=("a call", "a loop"),
)
NUMBERS = report("tabular-regression", torch.tensor([1.0, 2.0]), torch.tensor([1.5, 2.5]))


def headings(app):
    return [heading.value for heading in app.subheader]


def words(app):
    parts = [*app.caption, *app.warning, *app.error, *app.markdown]
    return "\n".join(part.value for part in parts)


@pytest.fixture
def live(store, open_page):
    def live(content, spec=fabricate.IMAGES):
        run = fabricate.run_of(store, spec)
        if content is not None:
            run.write_evaluation(50, content)
        app = open_page("live.py", run=run.id, tab="Evaluation")
        assert not app.exception
        return app, run

    return live


@pytest.mark.parametrize(
    ("content", "shown", "pictures"),
    [
        (of_classes(3), ["Confusion matrix", "Reliability", "Classes"], 2),
        (of_classes(60), ["Confused most often", "Reliability", "Classes"], 1),
        (LABELS, ["Labels"], 0),
        (NUMBERS, ["Predicted and true", "Residuals"], 2),
    ],
    ids=["classes", "many classes", "labels", "numbers"],
)
def test_each_kind_of_evaluation_has_its_pictures(live, content, shown, pictures):
    app, _ = live(content)
    assert headings(app) == shown
    assert len(app.get("plotly_chart")) == pictures
    assert "held-out sample" in words(app)
    assert all(heading.help for heading in app.subheader)


def test_classes_that_are_unknown_are_missing_in_the_table(live):
    logits = 9 * torch.eye(3)[[0, 0, 1]]
    content = report("image-classification", logits, torch.tensor([0, 0, 0]))
    table = live(content)[0].dataframe[0].value
    assert table["Recall"].isna().tolist() == [False, True, True]
    assert table["F1"].isna().tolist() == [False, False, True]
    assert table["Samples"].tolist() == [3, 0, 0]


def test_the_newest_is_shown_until_one_is_picked(live):
    app, run = live(of_classes(3, classes=("x", "y", "z")))
    run.write_evaluation(100, of_classes(4))
    run.write_evaluation(150, of_classes(5))
    app.run()
    assert len(app.dataframe[0].value) == 5
    (slider,) = app.select_slider
    slider.set_value(50).run()
    assert app.dataframe[0].value["Class"].tolist() == ["x", "y", "z"]
    run.write_evaluation(200, of_classes(6))
    app.run()
    assert len(app.dataframe[0].value) == 3


def test_samples_and_evaluations_are_picked_each_by_itself(live):
    app, run = live(of_classes(3))
    run.write_evaluation(100, of_classes(4))
    for step in (50, 100):
        run.write_samples(step, [{"prompt": "", "text": f"text of {step}"}])
    app.run().select_slider[0].set_value(50).run()
    assert len(app.dataframe[0].value) == 3
    app.query_params[live_state.LIVE_TAB] = "Samples"
    assert app.run().select_slider[0].value == 100
    app.query_params[live_state.LIVE_TAB] = "Evaluation"
    assert app.run().select_slider[0].value == 50


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (fabricate.IMAGES, "appears here after the first validation"),
        (fabricate.TEXT, "no classes to confuse"),
    ],
)
def test_where_there_is_nothing_it_is_said_why(live, spec, told):
    assert told in words(live(None, spec)[0])


@pytest.mark.parametrize("content", ["{", "null", '{"kind": "classes"}', "[1]", '"\\ud800"'])
def test_evaluations_of_any_form_are_survived(live, content):
    app, run = live(None)
    run.write_evaluation(50, {})
    (run.folder / "evaluations" / "step-000000050.json").write_text(content)
    app.run()
    assert not app.exception
    assert "cannot be read" in words(app)


def test_names_are_never_html(live):
    content = of_classes(3, classes=("<b>1</b>", "**2**", ":red[3]"))
    app, _ = live(content)
    assert "<b>1</b>" not in words(app)
    (chart, _) = app.get("plotly_chart")
    figure = json.loads(chart.proto.spec)
    assert figure["layout"]["xaxis"]["ticktext"][0] == "&lt;b&gt;1&lt;/b&gt;"


def history_of(app):
    return [chart for chart in app.get("plotly_chart") if "fullData.name" in chart.proto.spec]


def test_one_validation_is_no_history(live):
    assert history_of(live(of_classes(3))[0]) == []


def test_classes_are_followed_over_the_validations(live):
    app, run = live(of_classes(3, classes=("<x>", "y", "z")))
    run.write_evaluation(100, of_classes(3, classes=("<x>", "y", "z")))
    (chart,) = history_of(app.run())
    lines = json.loads(chart.proto.spec)["data"]
    assert [line["name"] for line in lines] == ["&lt;x&gt;", "y", "z"]
    (classes,) = app.multiselect
    classes.set_value(["y"]).run()
    (chart,) = history_of(app)
    assert [line["name"] for line in json.loads(chart.proto.spec)["data"]] == ["y"]
    assert not app.exception


def test_a_damaged_evaluation_among_others_is_left_out_of_the_history(live):
    app, run = live(of_classes(3))
    for step in (100, 150):
        run.write_evaluation(step, of_classes(3))
    (run.folder / "evaluations" / "step-000000100.json").write_text("{")
    (chart,) = history_of(app.run())
    assert not app.exception
