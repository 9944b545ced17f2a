"""The Report button of the Live and Runs pages: files that are made on the click."""

import pytest
from streamlit.testing.v1 import AppTest

from components import report_button
from components.dashboard import Report
from engine.errors import UnknownRun
from engine.runs.run import Labels
from tests import fabricate


def labels_of(app):
    return [button.label for button in app.get("download_button")]


FORMATS = ["Web page (HTML)", "Document (PDF)", "Picture (PNG)"]


def test_the_live_page_offers_a_report_of_its_run(store, open_page):
    run = fabricate.run_of(store)
    app = open_page("live.py", run=run.id)
    assert not app.exception
    assert [label for label in labels_of(app) if label in FORMATS] == FORMATS


def test_the_compare_page_offers_a_report_of_all_its_runs(store, open_page):
    runs = [fabricate.run_of(store) for _ in range(2)]
    app = open_page("compare.py", runs=",".join(run.id for run in runs))
    assert not app.exception
    assert [label for label in labels_of(app) if label in FORMATS] == FORMATS


def chosen_runs_page():
    from components import run_selection, session

    entries = session.store().index.entries()  # as the table above does on the page
    session.choose_runs([entry.id for entry in entries])
    run_selection.show(run_selection.chosen())


def test_chosen_runs_offer_a_report_unless_none_can_be_read(store):
    runs = [fabricate.run_of(store) for _ in range(2)]
    (runs[0].folder / "state.json").write_text("{")
    app = AppTest.from_function(chosen_runs_page).run()
    assert not app.exception
    assert [label for label in labels_of(app) if label in FORMATS] == FORMATS
    (runs[1].folder / "state.json").write_text("{")
    app = AppTest.from_function(chosen_runs_page).run()
    assert not app.exception
    assert not set(FORMATS) & set(labels_of(app))


def test_a_click_makes_the_file_of_the_run_as_it_is_then(store):
    run = fabricate.run_of(store)
    make_page = report_button.content_of(store, [run.id], Report.to_html)
    run.write_labels(Labels(name="named later"))
    assert b"<h1>named later</h1>" in make_page()
    make_document = report_button.content_of(store, [run.id], Report.to_pdf)
    assert make_document().startswith(b"%PDF-")


def test_several_runs_are_laid_over_one_another(store):
    runs = [fabricate.run_of(store) for _ in range(2)]
    make = report_button.content_of(store, [run.id for run in runs], Report.to_html)
    assert b"<h1>2 runs</h1>" in make()


def test_a_run_that_went_away_is_told_in_plain_words(store):
    run = fabricate.run_of(store)
    make = report_button.content_of(store, [run.id], Report.to_html)
    store.trash(run.id)
    with pytest.raises(UnknownRun, match="Pick one from the Runs page"):
        make()


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("my run", "my-run-"),
        ("../../etc/passwd", "etc-passwd-"),
        ("😀", ""),
        ("x" * 300, "x" * 60 + "-"),
    ],
)
def test_a_file_is_named_after_its_run_for_every_system(store, name, stem):
    run = fabricate.run_of(store)
    run.write_labels(Labels(name=name))
    assert report_button.file_stem(store, [run.id]) == f"{stem}{run.id}"
    assert report_button.file_stem(store, [run.id, run.id]) == "2-runs"
