"""Runs from elsewhere on every page that shows runs: nothing about them is invented."""

import pytest

from components import run_tabs, session
from components.dashboard import Dashboard
from engine.errors import ImportedRun
from tests import fabricate
from tests.pages.test_runs import choose


@pytest.fixture
def run(store):
    return fabricate.imported_run(store)


def texts(app):
    shown = [*app.caption, *app.markdown, *app.info, *app.error, *app.warning]
    return "\n".join(str(element.value) for element in shown).replace("\\", "")


def test_an_imported_run_opens_on_the_live_page(open_page, run):
    app = open_page("live.py", run=run.id)
    assert not app.exception
    assert "Imported from TensorBoard" in texts(app)
    readings = {metric.label.replace("\\", ""): metric.value for metric in app.metric}
    assert readings == {"loss": "0.25", "odd name/✨": "NaN"}


def test_nothing_can_be_asked_of_an_imported_run(open_page, run):
    labels = {button.label for button in open_page("live.py", run=run.id).button}
    assert not labels & {"Resume", "Pause", "Stop", "Run again with changes", "Extend", "Fork"}


def test_an_imported_run_is_listed_and_laid_over_one_that_was_trained(open_page, store, run):
    fabricate.run_of(store)
    app = choose(open_page("runs.py"), 0, 1)
    assert "2 runs chosen" in [text.value for text in app.text]
    assert not app.exception
    assert not app.error


def test_the_overview_shows_an_imported_run(open_page, run):
    app = open_page("overview.py")
    assert not app.exception
    assert not app.error


def test_an_imported_run_cannot_be_queued(store, run):
    with pytest.raises(ImportedRun, match="imported from TensorBoard, so there is no config"):
        store.enqueue(run)
    assert not list(store.queue.iterdir())


def test_an_imported_run_has_its_own_name_and_no_spec(store, run):
    (summary,) = store.list()
    assert (summary.name, summary.damage) == ("their run", "")
    assert summary.record.spec is None
    assert store.open(run.id).record.imported.config == {"lr": 0.1, "model": "resnet"}


@pytest.mark.parametrize("tab", run_tabs.NAMES)
def test_every_tab_of_the_live_page_shows_an_imported_run(open_page, run, tab):
    app = open_page("live.py", run=run.id, tab=tab)
    assert not app.exception
    assert not app.error


def test_an_imported_run_is_compared_with_one_that_was_trained(open_page, store, run):
    trained = fabricate.run_of(store)
    for tab in ("Metrics", "Differences", "Scatter"):
        app = open_page(
            "compare.py", **{"runs": f"{run.id},{trained.id}", session.COMPARE_TAB: tab}
        )
        assert not app.exception
        assert not app.error


def test_alerts_and_reports_know_imported_runs(open_page, run):
    assert not open_page("alerts.py").exception
    html = Dashboard().plot(run.folder).to_html()
    assert "their run" in html


def test_how_long_an_imported_run_trained_is_not_known(store, run):
    (entry,) = store.index.entries()
    assert entry.facts["trained_s"] is None
    assert entry.facts["imported"] == "TensorBoard"
    assert entry.facts["lr"] == 0.1
