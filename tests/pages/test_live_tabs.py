"""The tabs of the Live page, on fabricated run folders."""

from __future__ import annotations

import shutil

import pytest

from components import live_state, session
from components.run_tabs import NAMES
from engine.runs.checkpoint_files import WEIGHTS, folder_of
from engine.runs.record import Origin
from tests import fabricate
from tests.pages.test_live import NASTY, button, html, words

MANY = 100_000


@pytest.fixture
def tab(open_page):
    def tab(run, name):
        app = open_page("live.py", run=run.id, tab=name)
        assert not app.exception
        return app

    return tab


@pytest.fixture
def interrupted(store):
    """A run with checkpoints at 50 and 100 that a worker left at 120."""
    run = fabricate.run_of(store, status="interrupted", steps=120)
    for step in (50, 100):
        fabricate.checkpoint_of(run, step)
    return run


def opened(app, button):
    """The page with what is behind a button."""
    app.session_state[button] = True
    return app.run()


def links(app, kind="link_button"):
    return {part.proto.label: part.proto.url for part in app.get(kind)}


def group(app, label):
    (found,) = [found for found in app.button_group if found.label == label]
    return found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("status", ["queued", "running", "completed", "failed"])
def test_every_tab_opens(store, tab, name, status):
    run = fabricate.run_of(store, status=status, steps=0 if status == "queued" else 120)
    tab(run, name)


@pytest.mark.parametrize("name", NAMES)
def test_every_tab_of_an_imported_run_opens(store, tab, name):
    app = tab(fabricate.imported_run(store), name)
    assert not app.error


@pytest.mark.parametrize("name", ["", "Nothing", "overview", NASTY])
def test_a_tab_that_there_is_not_is_the_first(store, tab, name):
    app = tab(fabricate.run_of(store), name)
    assert not app.subheader
    assert not links(app)


@pytest.mark.parametrize("name", NAMES[1:])
@pytest.mark.parametrize(
    "file", ["events.jsonl", "samples", "evaluations", "histograms", "metrics"]
)
def test_a_damaged_piece_leaves_the_rest(store, tab, name, file):
    run = fabricate.run_of(store)
    path = run.folder / file
    if file == "events.jsonl":
        path.write_bytes(b"\xff\xfe{]\n[1]\nnull\n" + path.read_bytes() + b'{"kind": 3}\n{"torn')
    elif file == "metrics":
        for metric in path.glob("*.bin"):
            metric.write_bytes(b"garbage that is no record")
    else:
        path.mkdir()
        (path / "step-000000050.json").write_text('{"kind": [')
    tab(run, name)


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_that_is_deleted_while_it_is_watched_is_said(store, tab, name):
    run = fabricate.run_of(store)
    app = tab(run, name)
    shutil.rmtree(run.folder)
    app.run()
    assert not app.exception


# -- overview --------------------------------------------------------------------------------------


def test_the_overview_says_what_it_is_and_what_came_of_it(store, tab):
    run = fabricate.run_of(store, fabricate.IMAGES)
    shown = html(tab(run, "Overview"))
    for text in ("Classify images", "202,058", "val/loss 1.", "at step 200", "200 of 200"):
        assert text in shown
    assert str(run.folder) in shown


def test_its_family_is_a_tree_with_links(store, tab):
    parent = fabricate.run_of(store)
    origin = Origin(run_id=parent.id, step=100)
    spec = fabricate.TEXT.model_copy(update={"name": NASTY[:300]})
    child = store.create(spec, origin=origin)
    app = tab(parent, "Overview")
    (link,) = [
        part.proto for part in app.get("page_link") if f"run={child.id}" in part.proto.query_string
    ]
    assert "<img" not in link.label.replace("\\<", "")
    assert "forked at step 100 · queued" in words(app)
    back = [part.proto.query_string for part in tab(child, "Overview").get("page_link")]
    assert any(f"run={parent.id}" in query for query in back)


def test_labels_are_changed_in_place(store, tab):
    run = fabricate.run_of(store)
    app = tab(run, "Overview")
    app.text_input(key=f"runs.label.name.{run.id}").set_value("another name")
    app.button(key=f"FormSubmitter:runs.labels.{run.id}-Save").click().run()
    assert run.labels().name == "another name"


# -- checkpoints -----------------------------------------------------------------------------------


def test_checkpoints_are_listed_with_what_they_are_kept_for(tab, interrupted):
    app = tab(interrupted, "Checkpoints")
    table = app.dataframe[0].value
    assert table["Step"].tolist() == ["100", "50"]
    assert table["Kept as"].tolist() == ["newest, best", "one of the last"]
    assert table["Epoch"].tolist() == ["2.00", "1.00"]
    assert set(table["Verified"]) == {"not yet"}


def test_the_chosen_one_is_downloaded(tab, interrupted):
    app = tab(interrupted, "Checkpoints")
    base = f"/traindeck-files/{interrupted.id}/checkpoints"
    assert links(app)["Weights"] == f"{base}/100/{WEIGHTS}"
    (steps,) = [box for box in app.selectbox if box.label == "Checkpoint of step"]
    steps.select(50).run()
    assert links(app)["Everything, as a zip"] == f"{base}/50/all.zip"


def test_one_is_verified_on_request(tab, interrupted, click):
    app = click(tab(interrupted, "Checkpoints"), "Verify now")
    assert app.dataframe[0].value["Verified"].tolist() == ["whole", "not yet"]
    (folder_of(interrupted.folder / "checkpoints", 100) / WEIGHTS).write_text("changed")
    assert app.run().dataframe[0].value["Verified"].tolist() == ["not yet", "not yet"]
    click(app, "Verify now")
    assert "SHA-256 differs" in app.error[0].value.replace("\\", "")


def test_one_is_deleted_after_a_question(tab, interrupted, click):
    app = tab(interrupted, "Checkpoints")
    assert "It is the best model of the run" not in words(app)
    assert "It is the best model of the run" in words(opened(app, live_state.DELETING))
    click(app, "Delete it")
    assert interrupted.checkpoint_steps() == [50]
    assert "begins again" not in words(app)
    opened(app, live_state.DELETING)
    assert "begins again at step 0 and the 120 steps" in words(app)


def test_none_is_deleted_while_a_worker_is_at_it(tab, interrupted, click):
    app = opened(tab(interrupted, "Checkpoints"), live_state.DELETING)
    with interrupted.owned():
        click(app, "Delete it")
        assert interrupted.checkpoint_steps() == [50, 100]
        assert app.error


def test_a_fork_begins_from_the_chosen_one(tab, interrupted, click):
    app = tab(interrupted, "Checkpoints")
    (steps,) = [box for box in app.selectbox if box.label == "Checkpoint of step"]
    steps.select(50).run()
    click(app, "Fork from here")
    draft = app.session_state[session.WORKSPACE].draft
    assert (draft.fork.run_id, draft.fork.step) == (interrupted.id, 50)


def test_what_is_no_checkpoint_is_said(tab, interrupted):
    (interrupted.folder / "checkpoints" / "step-000000110.refused").mkdir()
    assert "step-000000110.refused is no checkpoint" in words(tab(interrupted, "Checkpoints"))


# -- alerts and log --------------------------------------------------------------------------------


def test_all_alerts_are_shown_with_their_rule(store, tab):
    run = fabricate.run_of(store)
    for step in (10, 20):
        run.add_event("alert", "It <b>spiked</b>.", alert="loss-spike", step=step)
    run.add_event("alert", "Yours.", alert="my *rule*", step=30)
    app = tab(run, "Alerts")
    assert "2 × loss spike, last at step 20 · 1 × my *rule*, last at step 30" in words(app)
    shown = html(app)
    assert "&lt;b&gt;spiked" in shown
    assert "step 30" in shown
    assert "started" not in shown


def test_without_alerts_it_is_said(store, tab):
    assert "No alerts." in words(tab(fabricate.run_of(store), "Alerts"))


def test_the_log_is_searched_by_words_and_levels(store, tab):
    run = fabricate.run_of(store)
    run.add_event("alert", "The loss spiked.", step=10)
    app = tab(run, "Log")
    assert "3 of 3 events" in words(app)
    app.text_input(key=live_state.LOG_WORDS).set_value("SPIKED loss").run()
    assert "1 of 3 events" in words(app)
    assert "The loss spiked." in html(app)
    assert "Training began" not in html(app)
    app.text_input(key=live_state.LOG_WORDS).set_value("").run()
    group(app, "Levels").set_value(["info"]).run()
    assert "2 of 3 events" in words(app)
    assert not app.exception


def test_the_log_is_turned_round(store, tab):
    app = tab(fabricate.run_of(store), "Log")
    assert html(app).index("Completed") < html(app).index("Training began")
    group(app, "Order").select("Newest last").run()
    assert html(app).index("Training began") < html(app).index("Completed")


def test_what_a_worker_printed_is_shown_without_colours_and_downloaded(store, tab):
    run = fabricate.run_of(store)
    (run.folder / "worker.log").write_text("\x1b[33mUserWarning: <b>slow</b>\x1b[0m\nready\n")
    app = tab(run, "Log")
    group(app, "Log of").select("Output").run()
    assert "UserWarning: &lt;b&gt;slow&lt;/b&gt;" in html(app)
    assert "2 of 2 lines" in words(app)
    assert links(app)["Download all of it"] == f"/traindeck-files/{run.id}/logs/worker.log"


def test_of_many_lines_few_are_sent(store, tab):
    run = fabricate.run_of(store)
    lines = "".join(f"2026-01-01 INFO engine: line {number}\n" for number in range(MANY))
    (run.folder / "worker.log").write_text(lines)
    app = tab(run, "Log")
    group(app, "Log of").select("Output").run()
    assert f"{MANY:,} of {MANY:,} lines · the newest 300 are shown" in words(app)
    assert len(html(app)) < 100_000
    app.text_input(key=live_state.LOG_WORDS).set_value("line 77777").run()
    assert f"1 of {MANY:,} lines" in words(app)


def test_a_run_without_output_says_why(store, tab):
    app = tab(fabricate.run_of(store), "Log")
    group(app, "Log of").select("Output").run()
    assert "Its worker has printed nothing yet." in words(app)


def test_what_is_chosen_in_a_tab_survives_another_tab(store, tab):
    app = tab(fabricate.run_of(store), "Log")
    app.text_input(key=live_state.LOG_WORDS).set_value("began").run()
    app.query_params[live_state.LIVE_TAB] = "Alerts"
    app.run()
    app.query_params[live_state.LIVE_TAB] = "Log"
    assert app.run().text_input(key=live_state.LOG_WORDS).value == "began"


# -- system ----------------------------------------------------------------------------------------


def test_a_run_that_was_not_measured_says_so(store, tab):
    assert "The machine was not measured" in words(tab(fabricate.run_of(store), "System"))


def test_button_of_resume_is_there_in_every_tab(tab, interrupted):
    assert not button(tab(interrupted, "Log"), "Resume").disabled


def test_a_run_is_put_back_to_a_checkpoint(store, open_page):
    run = fabricate.run_of(store, status="completed")
    for step in (100, 200):
        fabricate.checkpoint_of(run, step)
    app = open_page("live.py", run=run.id, tab="Checkpoints")
    app.selectbox(key="live.checkpoint_step").set_value(100).run()
    opened(app, live_state.GOING_BACK)
    app.button(key="live.checkpoint.restore.go").click().run()
    assert not app.exception
    assert (run.state().status, run.state().step) == ("stopped", 100)
    assert run.checkpoint_steps() == [100]
    assert "Resume" in [button.label for button in app.button]
