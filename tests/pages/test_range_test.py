"""A learning-rate range test on the Live page."""

import numpy as np
import pytest

from components.draft import Draft, DraftFile
from components.form_schema import value_at
from engine.frozen import with_changes
from engine.learning_rates.range_test import range_spec
from engine.run_spec import RunSpec
from engine.runs.series import RECORD, MetricFiles
from tests import fabricate

TEST = with_changes(fabricate.IMAGES, {"training.scheduler": {"name": "range-test"}})


def range_run(store, status, loss):
    run = store.create(TEST)
    state = fabricate.run_of(store, TEST, status=status, steps=len(loss)).state()
    run.write_state(state)
    files = MetricFiles(run.metrics_folder)
    for name, values in (("optim/lr", np.geomspace(1e-6, 1, len(loss))), ("train/loss", loss)):
        records = np.zeros(len(loss), RECORD)
        records["step"], records["value"] = np.arange(1, len(loss) + 1), values
        files.append(name, records)
    files.close()
    return run


def keep(store, spec):
    """Let the form hold a spec."""
    DraftFile(store.root).write(Draft.of(spec))


def draft_of(store):
    return DraftFile(store.root).read(fabricate.TEXT).document


def opened(open_page, run):
    app = open_page("live.py", run=run.id)
    assert not app.exception
    return app


FALLING = 2 - 1 / (1 + np.exp(-np.linspace(-9, 9, 100)))


def test_a_test_that_ended_shows_its_suggestion_and_its_picture(store, open_page):
    app = opened(open_page, range_run(store, "completed", FALLING))
    (text,) = [text.value for text in app.markdown if "Suggested" in text.value]
    assert text == "Suggested learning rate: **9.3e-4**, where the loss fell fastest."
    assert len(app.get("plotly_chart")) == 1


def test_a_test_that_shows_nothing_says_so(store, open_page):
    app = opened(open_page, range_run(store, "completed", np.full(100, 2.0)))
    (warning,) = [text.value for text in app.warning]
    assert warning == "The loss never fell, so no learning rate can be suggested."


@pytest.mark.parametrize("status", ["running", "queued"])
def test_a_test_that_goes_on_has_no_picture_yet(store, open_page, status):
    app = opened(open_page, range_run(store, status, FALLING))
    assert any("range test" in text.value for text in app.caption)
    assert not app.get("plotly_chart")


def test_other_runs_have_none(store, open_page):
    app = opened(open_page, fabricate.run_of(store))
    assert not app.get("plotly_chart")


def test_the_launch_page_starts_a_test_of_the_form(store, open_page):
    keep(store, fabricate.IMAGES)
    app = open_page("launch.py")
    app.button(key="launch.range-test").click().run()
    (summary,) = store.list()
    assert summary.record.spec == range_spec(fabricate.IMAGES)
    assert summary.record.spec.training.scheduler.name == "range-test"
    assert [path.name for path in store.queue.iterdir()] == [summary.id]
    assert app.query_params["run"] in (summary.id, [summary.id])


def test_a_form_with_a_mistake_cannot_be_tested(store, open_page):
    keep(store, fabricate.IMAGES)
    DraftFile(store.root).write(Draft.of(fabricate.IMAGES).edited("model.layers", 0))
    app = open_page("launch.py")
    assert not [button for button in app.button if button.key == "launch.range-test"]


def test_the_suggestion_goes_into_the_form_and_can_be_taken_back(store, open_page):
    keep(store, fabricate.IMAGES)
    app = opened(open_page, range_run(store, "completed", FALLING))
    app.button(key="range-test.use").click().run()
    assert not app.exception
    wanted = with_changes(fabricate.IMAGES, {"training.optimizer.lr": 9.3e-4})
    assert RunSpec.parse(draft_of(store)) == wanted
    assert app.text_input(key="form.training.optimizer.lr").value == "9.3e-4"
    (notice,) = [text.value for text in app.markdown if "Learning rate 9.3e-4" in text.value]
    assert "another" not in notice
    app.button(key="launch.undo").click().run()
    assert RunSpec.parse(draft_of(store)) == fabricate.IMAGES


def test_a_form_that_holds_other_work_by_now_is_said(store, open_page):
    keep(store, fabricate.TEXT)
    app = opened(open_page, range_run(store, "completed", FALLING))
    app.button(key="range-test.use").click().run()
    (notice,) = [text.value for text in app.markdown if "Learning rate 9.3e-4" in text.value]
    assert "for another task, other data, another model than the form has now" in notice
    assert value_at(draft_of(store), "training.optimizer.lr") == 9.3e-4
