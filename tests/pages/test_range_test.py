"""A learning-rate range test on the Live page."""

import numpy as np
import pytest

from engine.frozen import with_changes
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
