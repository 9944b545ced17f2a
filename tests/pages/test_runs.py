"""The Runs page, on fabricated run folders."""

import time

import numpy as np
import pytest

from components import session
from engine.frozen import with_changes
from engine.runs.index.last_values import LastValues
from engine.runs.run import Labels
from engine.runs.series import RECORD, MetricFiles
from tests import fabricate


def table(app):
    return app.dataframe[0].value


def choose(app, *rows):
    """Select rows as the browser does: the widget's state holds row numbers."""
    app.session_state[session.RUNS_TABLE] = {"selection": {"rows": list(rows)}}
    return app.run()


def named(store, *names):
    """Finished runs of these names, newest first as the table has them."""
    runs = [
        fabricate.run_of(store, fabricate.TEXT.model_copy(update={"name": name})) for name in names
    ]
    return sorted(runs, key=lambda run: run.id, reverse=True)


def test_an_empty_folder_leads_to_the_launch_page(open_page):
    assert "No runs yet" in open_page("runs.py").info[0].value


def test_all_runs_are_listed_with_their_numbers(store, open_page):
    run = fabricate.run_of(store, status="running", steps=120)
    row = table(open_page("runs.py")).iloc[0]
    assert row["Name"] == "docs gpt"
    assert row["Status"] == "running"
    assert row["Progress"] == pytest.approx(60)
    assert row["Val loss"] == pytest.approx(run.last("val/loss")[1])
    assert row["Train loss"] == pytest.approx(run.last("train/loss")[1])
    assert row["Best"] == pytest.approx(run.state().best.value)
    assert row["Trained"] == "0:00:06"
    assert (row["Model"], row["Data"]) == ("GPT 4×128", "Python docs")


def test_a_damaged_run_is_listed_with_what_is_wrong_and_can_be_deleted(store, open_page):
    run = fabricate.run_of(store)
    (run.folder / "state.json").write_text("{")
    app = choose(open_page("runs.py"), 0)
    assert table(app).iloc[0]["Status"] == "damaged"
    assert "state.json" in table(app).iloc[0]["Remark"]
    assert "state.json" in app.error[0].value.replace("\\", "")
    (delete,) = [button for button in app.button if button.label == "Delete"]
    assert not delete.disabled


def test_the_filter_wants_every_word(store, open_page):
    named(store, "small red", "small blue")
    app = open_page("runs.py")
    app.text_input(key=session.RUNS_FILTER).input("small RED gpt").run()
    assert list(table(app)["Name"]) == ["small red"]
    assert "1 of 2 runs" in [caption.value for caption in app.caption]
    app.text_input(key=session.RUNS_FILTER).input("'<b>'").run()
    assert len(table(app)) == 0
    assert not app.exception


def test_a_chosen_run_stays_chosen_when_rows_move(store, open_page):
    old = named(store, "a", "b")
    app = choose(open_page("runs.py"), 1)
    time.sleep(1.1)  # ids have seconds: the next run is the newest
    fabricate.run_of(store)
    app.run()
    assert app.session_state[session.RUNS_TABLE]["selection"]["rows"] == [2]
    app.run()
    assert app.session_state[session.RUNS_TABLE]["selection"]["rows"] == [2]
    assert app.text_input(key=f"runs.label.name.{old[1].id}").value == old[1].name


def test_a_chosen_run_that_the_filter_hides_stays_chosen(store, open_page):
    runs = named(store, "red", "yellow")  # no hexadecimal words: ids are random
    app = choose(open_page("runs.py"), 0)
    app.text_input(key=session.RUNS_FILTER).input(runs[1].name).run()
    choose(app, 0)
    assert "2 runs chosen" in [text.value for text in app.text]


def test_opening_a_run_leads_to_its_live_page(store, open_page, click):
    runs = named(store, "a", "b")
    app = click(choose(open_page("runs.py"), 1), "Open")
    assert app.query_params["run"] in (runs[1].id, [runs[1].id])


def test_names_tags_and_notes_are_kept(store, open_page, click):
    run = fabricate.run_of(store)
    app = choose(open_page("runs.py"), 0)
    name = "<b>wide</b> " + "é" * 280
    app.text_input(key=f"runs.label.name.{run.id}").input(name)
    app.text_input(key=f"runs.label.tags.{run.id}").input(" a, b ,, a,")
    app.text_area(key=f"runs.label.notes.{run.id}").input("first\nsecond")
    click(app, "Save")
    assert run.labels() == Labels(name=name, tags=("a", "b"), notes="first\nsecond")
    assert table(app).iloc[0]["Name"] == name
    app.text_input(key=f"runs.label.name.{run.id}").input("again")
    click(app, "Save")
    assert run.labels().name == "again"


def test_a_run_at_work_must_be_stopped_before_it_is_deleted(store, open_page):
    fabricate.run_of(store, status="running", steps=10)
    app = choose(open_page("runs.py"), 0)
    (delete,) = [button for button in app.button if button.label == "Delete"]
    assert delete.disabled
    assert "Stop it first" in delete.help


def test_the_trash_gives_runs_back(store, open_page, click):
    run = fabricate.run_of(store)
    store.trash(run.id)
    app = click(open_page("runs.py"), "Restore")
    assert [summary.id for summary in store.list()] == [run.id]
    assert not [button for button in app.button if button.label == "Restore"]


def test_the_last_value_is_read_again_when_the_file_grows(store):
    run = fabricate.run_of(store, steps=10)
    last = LastValues()
    before = last.of(run.folder, "train/loss")
    assert before == run.last("train/loss")[1]
    files = MetricFiles(run.metrics_folder)
    files.append("train/loss", np.array([(11, 1.0, 0.125)], RECORD))
    files.close()
    assert last.of(run.folder, "train/loss") == 0.125
    assert last.of(run.folder, "nothing") is None


def test_several_chosen_runs_are_shown_with_what_differs(store, open_page):
    for layers in (2, 3):
        fabricate.run_of(store, with_changes(fabricate.TEXT, {"model.layers": layers}))
    app = choose(open_page("runs.py"), 0)
    assert "What differs" not in [heading.value for heading in app.subheader]
    app = choose(app, 0, 1)
    assert "What differs" in [heading.value for heading in app.subheader]
    assert list(app.dataframe[-1].value["Setting"]) == ["Layers"]
