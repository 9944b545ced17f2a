"""The Histograms tab of the Live page, on fabricated run folders."""

import json

import pytest
import torch

from components.histogram_view import MOST, _some
from engine.frozen import with_changes
from engine.inspection import histogram_of
from tests import fabricate


def of(*tensors, kinds=("weights", "gradients")):
    names = ["0.weight", "0.bias"]
    found = {name: histogram_of(tensor) for name, tensor in zip(names, tensors, strict=False)}
    return dict.fromkeys(kinds, found) | {"activations": {"0": histogram_of(tensors[0])}}


def words(app):
    return "\n".join(part.value for part in [*app.caption, *app.warning, *app.error])


def pick(app, label):
    (found,) = [box for box in app.selectbox if box.label == label]
    return found


@pytest.fixture
def live(store, open_page):
    def live(files, spec=fabricate.IMAGES):
        run = fabricate.run_of(store, spec)
        for step, content in files.items():
            run.write_histograms(step, content)
        app = open_page("live.py", run=run.id, tab="Histograms")
        assert not app.exception
        return app, run

    return live


SPREAD = torch.linspace(-1, 1, 999)


def test_the_newest_histogram_and_those_of_all_steps_are_drawn(live):
    app, _ = live({step: of(step * SPREAD, SPREAD) for step in (10, 20, 30)})
    assert [heading.value for heading in app.subheader] == ["Over the run", "At step 30"]
    assert all(heading.help for heading in app.subheader)
    heat, bars = (json.loads(chart.proto.spec)["data"][0] for chart in app.get("plotly_chart"))
    assert (heat["type"], bars["type"]) == ("heatmap", "bar")


def test_kind_and_tensor_are_chosen_and_stay_chosen(live):
    app, run = live({10: of(SPREAD, SPREAD)})
    assert pick(app, "Histograms of").options == ["weights", "gradients", "activations"]
    assert pick(app, "Tensor").options == ["0.weight", "0.bias"]
    pick(app, "Tensor").select("0.bias").run()
    pick(app, "Histograms of").select("gradients").run()
    assert pick(app, "Tensor").value == "0.bias"
    run.write_histograms(20, of(SPREAD, SPREAD))
    app.run()
    assert pick(app, "Tensor").value == "0.bias"
    assert app.subheader[1].value == "At step 20"
    pick(app, "Histograms of").select("activations").run()
    assert pick(app, "Tensor").value == "0"
    assert not app.exception


def test_without_histograms_it_is_said_how_to_get_them(live):
    text = words(live({})[0])
    assert "Fill in “Histograms every” under Logging on the Launch page" in text


def test_before_the_first_it_is_said_when_it_comes(live):
    often = with_changes(fabricate.IMAGES, {"training.logging.histograms_every_steps": 2500})
    assert "The first histograms come at step 2,500." in words(live({}, often)[0])


def test_numbers_that_are_not_finite_are_said(live):
    broken = torch.tensor([1.0, float("nan"), float("inf")])
    assert "At step 10, 2 of these numbers are NaN or infinite." in words(live({10: of(broken)})[0])


def test_a_tensor_that_came_later_is_drawn_from_its_first_step_on(live):
    app, _ = live({10: of(SPREAD), 20: of(SPREAD, SPREAD)})
    pick(app, "Tensor").select("0.bias").run()
    heat = json.loads(app.get("plotly_chart")[0].proto.spec)["data"][0]
    assert "20" in json.dumps(heat["x"]) or heat["x"]["bdata"]


@pytest.mark.parametrize("content", ["{", "null", "[]", '{"weights": 3}', '{"x": {}}', "{}"])
def test_files_of_any_form_are_survived(live, content):
    app, run = live({10: of(SPREAD), 20: of(SPREAD)})
    (run.folder / "histograms" / "step-000000010.json").write_text(content)
    assert not app.run().exception
    (run.folder / "histograms" / "step-000000020.json").write_text(content)
    assert not app.run().exception


@pytest.mark.parametrize(
    "histogram",
    [
        {},
        {"low": 1.0, "high": 0.0, "counts": [1], "nonfinite": 0},
        {"low": 0.0, "high": 1.0, "counts": [], "nonfinite": 0},
        {"low": 0.0, "high": 1.0, "counts": [-1], "nonfinite": 0},
        {"low": None, "high": 1.0, "counts": [1], "nonfinite": 0},
    ],
)
def test_a_histogram_of_any_form_is_survived(live, histogram):
    app, _ = live({10: {"weights": {"a": histogram}}})
    assert "It has no histogram at these steps." in words(app)


@pytest.mark.parametrize("count", [1, MOST, MOST + 1, 1000, 4096])
def test_many_steps_are_thinned_and_the_newest_is_there(count):
    shown = _some(list(range(10, 10 * count + 1, 10)))
    assert min(count, MOST // 2) <= len(shown) <= MOST + 1
    assert shown[-1] == 10 * count


def test_most_of_the_steps_stay_when_one_more_has_come():
    steps = list(range(10, 5001, 10))
    assert len(set(_some(steps)) - set(_some([*steps, 5010]))) <= 1


def test_the_bars_are_those_of_the_step_that_was_picked(live):
    app, run = live({step: of(step * SPREAD) for step in (10, 20, 30)})
    (slider,) = app.select_slider
    slider.set_value(20).run()
    assert app.subheader[1].value == "At step 20"
    run.write_histograms(40, of(SPREAD))
    assert app.run().subheader[1].value == "At step 20"
