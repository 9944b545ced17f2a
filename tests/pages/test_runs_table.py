"""The table of the Runs page: queries, columns, order, groups, archive, views, bulk actions."""

import pytest

from components import run_pages, session
from components.run_query import EXAMPLES
from engine.frozen import with_changes
from engine.runs.query.query import Language
from engine.runs.run import Labels
from engine.runs.series import MetricFiles, records_of
from engine.runs.views import NAME, View, read_views, save_view
from tests import fabricate


def made(store, name, labels=None, *, status="completed", **changes):
    spec = with_changes(fabricate.TEXT, {"name": name, **changes})
    run = fabricate.run_of(store, spec, status=status)
    if labels is not None:
        run.write_labels(labels)
    return run


def table(app):
    return app.dataframe[0].value


def names(app):
    return sorted(table(app)["Name"])


def choose(app, *rows):
    app.session_state[session.RUNS_TABLE] = {"selection": {"rows": list(rows)}}
    return app.run()


def ask(app, text):
    app.text_input(key=session.RUNS_FILTER).input(text).run()
    assert not app.exception
    return app


def captions(app):
    return " ".join(caption.value.replace("\\", "") for caption in app.caption)


def test_a_query_finds_runs_by_settings_metrics_and_labels(store, open_page):
    made(store, "small", **{"training.optimizer.lr": 1e-4})
    made(store, "large", Labels(tags=("good one",)), **{"training.optimizer.lr": 1e-2})
    app = open_page("runs.py")
    assert names(ask(app, "lr > 1e-3 and val/loss < 9")) == ["large"]
    assert names(ask(app, "not tags contains 'good one'")) == ["small"]
    assert names(ask(app, "small or large")) == ["large", "small"]


def test_a_wrong_query_says_where_and_the_table_stays_as_it_was(store, open_page):
    made(store, "small")
    made(store, "large")
    app = ask(ask(open_page("runs.py"), "large"), "large and val/los < 1")
    assert app.code[0].value == "large and val/los < 1\n          ^"
    assert "No run has 'val/los'. Is it val/loss?" in captions(app)
    assert names(app) == ["large"]
    assert "Still shown: large" in captions(app)
    assert not ask(app, "").code


def test_what_is_wrong_with_a_query_spells_names_as_they_are(store, open_page):
    made(store, "small")
    app = ask(open_page("runs.py"), "optimizer.lr > abc")
    assert ":material/error: optimizer.lr is a number" in captions(app)


@pytest.mark.parametrize("query", EXAMPLES)
def test_every_example_is_a_query(store, query):
    made(store, "text")
    fabricate.run_of(store, fabricate.IMAGES)
    Language(store.index, store.index.entries()).find(query)


def test_an_example_is_put_into_the_box(store, open_page, click):
    made(store, "small gpt")
    app = click(open_page("runs.py"), "small gpt")
    assert app.text_input(key=session.RUNS_FILTER).value == "small gpt"


def test_columns_are_those_that_were_chosen(store, open_page):
    made(store, "a", **{"training.optimizer.lr": 0.5})
    app = open_page("runs.py")
    app.multiselect(key=session.RUNS_COLUMNS).set_value(["status", "optimizer.lr"]).run()
    assert list(table(app).columns) == ["Name", "Status", "optimizer.lr"]
    assert table(app)["optimizer.lr"][0] == 0.5


def test_the_address_says_what_is_shown(store, open_page):
    made(store, "red")
    made(store, "yellow")
    app = open_page("runs.py", query="yellow", columns=["step", "min(val/loss)"], sort="name")
    assert list(table(app).columns) == ["Name", "Step", "min(val/loss)"]
    assert names(app) == ["yellow"]
    assert app.selectbox(key=session.RUNS_SORT).value == "name"


def test_an_address_with_too_much_in_it_breaks_nothing(store, open_page):
    made(store, "a")
    columns = [f"zzz{number}" for number in range(60)]
    app = open_page("runs.py", columns=columns, sort="zzz", group_by="zzz", group="z", archived="z")
    assert not app.exception
    assert list(table(app)["Name"]) == ["a"]


def test_a_column_that_makes_no_sense_is_left_out_and_said(store, open_page):
    made(store, "a")
    app = open_page("runs.py", columns=["status", "val/los"])
    assert list(table(app).columns) == ["Name", "Status"]
    assert "val/loss" in app.warning[0].value.replace("\\", "")


def test_runs_are_sorted_by_anything(store, open_page):
    for name, lr in (("b", 0.2), ("c", 0.3), ("a", 0.1)):
        made(store, name, **{"training.optimizer.lr": lr})
    app = open_page("runs.py")
    app.selectbox(key=session.RUNS_SORT).select("optimizer.lr").run()
    assert list(table(app)["Name"]) == ["a", "b", "c"]
    app.toggle(key=session.RUNS_DESCENDING).set_value(True).run()
    assert list(table(app)["Name"]) == ["c", "b", "a"]


def test_a_chosen_run_stays_chosen_when_columns_and_order_change(store, open_page):
    runs = {name: made(store, name) for name in ("b", "a", "c")}
    app = open_page("runs.py")
    app.selectbox(key=session.RUNS_SORT).select("name").run()
    choose(app, 1)
    app.toggle(key=session.RUNS_DESCENDING).set_value(True).run()
    app.multiselect(key=session.RUNS_COLUMNS).set_value(["status"]).run()
    app.run()
    assert app.session_state[session.RUNS_TABLE]["selection"]["rows"] == [1]
    assert app.text_input(key=f"runs.label.name.{runs['b'].id}").value == "b"


def test_groups_stand_together_are_counted_and_can_be_looked_at_alone(store, open_page):
    for name, project in (("a", "one"), ("b", "two"), ("c", "one"), ("d", "")):
        made(store, name, Labels(project=project))
    app = open_page("runs.py")
    app.selectbox(key=session.RUNS_GROUP_BY).select("project").run()
    assert sorted(table(app)["Name"][:2]) == ["a", "c"]
    assert "one 2, " in captions(app)
    app.pills(key=session.RUNS_GROUP).set_value("two").run()
    assert names(app) == ["b"]
    app.pills(key=session.RUNS_GROUP).set_value("").run()
    assert names(app) == ["d"]


def test_archived_runs_are_hidden_until_they_are_asked_for(store, open_page, click):
    run = made(store, "old")
    made(store, "new", Labels(archived=True))
    app = open_page("runs.py")
    assert names(app) == ["old"]
    assert "1 archived hidden" in captions(app)
    click(choose(app, 0), "Archive")
    assert run.labels().archived
    assert names(app) == []
    assert names(ask(app, "archived == true")) == ["new", "old"]
    ask(app, "")
    app.toggle(key=session.RUNS_ARCHIVED).set_value(True).run()
    assert names(app) == ["new", "old"]
    click(app, "Unarchive")  # it is still chosen
    assert not run.labels().archived


def test_a_word_that_is_spelt_as_a_fact_brings_no_archived_run_back(store, open_page):
    made(store, "archived things")
    made(store, "archived too", Labels(archived=True))
    app = open_page("runs.py")
    assert names(ask(app, "archived")) == ["archived things"]
    assert names(ask(app, 'name ~ "archived"')) == ["archived things"]
    assert names(ask(app, "known(archived) and archived things")) == ["archived things"]
    assert names(ask(app, "archived == true and arch")) == ["archived too"]
    assert names(ask(app, "archived == true and val/los < 1")) == ["archived too"]  # still shown


def test_a_metric_that_is_called_as_a_fact_has_a_column(store, open_page):
    run = made(store, "a")
    files = MetricFiles(run.metrics_folder)
    files.append("epoch", records_of([(1, 1.0, 42.5)]))
    files.close()
    app = ask(open_page("runs.py", columns=["epoch", "metric.epoch"]), "metric.epoch > 42")
    assert table(app)["metric.epoch"][0] == 42.5
    assert table(app)["Epoch"][0] != 42.5


@pytest.fixture
def pages_of_two(monkeypatch):
    monkeypatch.setattr(run_pages, "ROWS", 2)


@pytest.mark.usefixtures("pages_of_two")
def test_only_the_rows_that_are_looked_at_are_sent(store, open_page):
    for name in "edcba":
        made(store, name)
    app = open_page("runs.py", sort="name")
    assert list(table(app)["Name"]) == ["a", "b"]
    assert "5 runs" in captions(app)
    assert "Rows 1 to 2 of 5" in captions(app)
    choose(app, 1)
    app.button(key="runs.page.next").click().run()
    assert list(table(app)["Name"]) == ["c", "d"]
    choose(app, 0)
    assert "2 runs chosen" in [text.value for text in app.text]
    app.button(key="runs.page.next").click().run()
    assert list(table(app)["Name"]) == ["e"]
    assert app.button(key="runs.page.next").disabled
    assert list(table(ask(app, "step > 0"))["Name"]) == ["a", "b"]  # other runs: the first page
    assert app.session_state[session.RUNS_TABLE]["selection"]["rows"] == [1]


@pytest.mark.usefixtures("pages_of_two")
def test_all_that_is_found_can_be_chosen_although_it_is_on_several_pages(store, open_page, click):
    for name in ("a1", "a2", "a3", "b"):
        made(store, name)
    app = choose(ask(open_page("runs.py"), "name ~ a"), 0, 1)
    click(app, "Choose all 3")
    assert "3 runs chosen" in [text.value for text in app.text]
    assert app.session_state[session.RUNS_TABLE]["selection"]["rows"] == [0, 1]


def test_many_runs_are_labelled_at_once(store, open_page, click):
    first = made(store, "a", Labels(name="A", tags=("x", "y"), notes="kept", project="p"))
    second = made(store, "b", Labels(tags=("y",)))
    app = choose(open_page("runs.py"), 0, 1)
    app.text_input(key="runs.bulk.add").input("z, w")
    app.multiselect(key="runs.bulk.remove").set_value(["y"])
    app.text_input(key="runs.bulk.group").input("sweep")
    click(app, "Apply")
    expected = Labels(name="A", tags=("x", "z", "w"), notes="kept", project="p", group="sweep")
    assert first.labels() == expected
    assert second.labels() == Labels(tags=("z", "w"), group="sweep")


def test_a_form_that_was_open_shows_what_was_changed_for_many(store, open_page, click):
    runs = sorted((made(store, name) for name in "ab"), key=lambda run: run.id, reverse=True)
    app = choose(open_page("runs.py"), 0)
    choose(app, 0, 1)
    app.text_input(key="runs.bulk.project").input("docs")
    click(app, "Apply")
    choose(app, 0)
    assert app.text_input(key=f"runs.label.project.{runs[0].id}").value == "docs"


def test_chosen_runs_are_stopped_and_resumed_together(store, open_page, click):
    made(store, "a", status="running")
    made(store, "b", status="stopped")
    made(store, "c", status="interrupted")
    app = choose(open_page("runs.py"), 0, 1, 2)
    click(app, "Stop 1")
    (running,) = store.find("status == running")
    assert store.open(running.id).take_requests() == ["stop-and-save"]
    click(app, "Resume 2")
    assert len(store.find("status == queued")) == 2


def test_a_deletion_can_be_undone_at_once(store, open_page, click):
    for name in "abc":
        made(store, name)
    app = open_page("runs.py")
    moved = list(store.ids()[:2])
    for run_id in moved:
        store.trash(run_id)
    app.session_state["runs.trashed"] = moved  # AppTest loses the buttons of the dialog
    app.run()
    assert any(text.value == "Moved 2 runs to the trash." for text in app.text)
    assert len(table(app)) == 1
    click(app, "Undo")
    assert len(table(app)) == 3
    assert "2 runs chosen" in [text.value for text in app.text]
    assert not any(button.label == "Undo" for button in app.button)


def test_a_view_is_kept_and_brings_everything_back(store, open_page, click):
    made(store, "red")
    made(store, "yellow")
    app = ask(open_page("runs.py"), "yellow")
    app.multiselect(key=session.RUNS_COLUMNS).set_value(["status"]).run()
    app.selectbox(key=session.RUNS_SORT).select("name").run()
    app.text_input(key=session.RUNS_VIEW_NAME).input("mine <b>")
    click(app, "Save view")
    expected = View(name="mine <b>", query="yellow", columns=("status",), sort="name")
    assert read_views(store.root) == (expected,)
    other = open_page("runs.py")
    (button,) = [button for button in other.button if button.key == "runs.view.0"]
    button.click().run()
    assert names(other) == ["yellow"]
    assert list(table(other).columns) == ["Name", "Status"]
    (forget,) = [button for button in other.button if button.key == "runs.view.forget.0"]
    forget.click().run()
    assert read_views(store.root) == ()


def test_damaged_views_are_said_and_left_alone_and_the_runs_are_shown(store, open_page, click):
    made(store, "a")
    (store.root / NAME).write_text("{")
    app = open_page("runs.py")
    assert NAME in app.error[0].value.replace("\\", "")
    assert names(app) == ["a"]
    assert (store.root / NAME).read_text() == "{"


def test_a_view_replaces_the_one_of_its_name_and_there_are_not_too_many(tmp_path):
    for number in range(205):
        save_view(tmp_path, View(name=f"v{number}"))
    save_view(tmp_path, View(name="v204", query="x"))
    views = read_views(tmp_path)
    assert (len(views), views[-1].query) == (200, "x")


def test_notes_are_markdown_that_fetches_nothing(store, open_page):
    notes = "**bold** ![x](http://example.com/x.png) <img src=x>"
    made(store, "a", Labels(notes=notes))
    app = choose(open_page("runs.py"), 0)
    (shown,) = [element.value for element in app.markdown if "**bold**" in element.value]
    assert "![" not in shown
    assert not any(element.allow_html for element in app.markdown if "**bold**" in element.value)


def test_a_folder_that_is_still_read_shows_what_is_known(store, open_page, monkeypatch):
    for number in range(3):
        made(store, f"run {number}")
    monkeypatch.setattr(store.index, "read_on", lambda: None)
    entries = store.index.entries
    monkeypatch.setattr(store.index, "entries", lambda within_s=None: entries(within_s=0))
    app = open_page("runs.py")
    assert len(table(app)) < 3
    assert "of 3 runs" in app.get("progress")[0].proto.text


def test_whatever_a_run_is_called_it_is_shown_as_it_is(store, open_page):
    odd = ["<img src=x>", "日本語 😀", "x" * 300, "a\tb", ":material/home:", "=1+1"]
    for name in odd:
        made(store, name)
    shown = [name.lstrip("\u200b") for name in names(open_page("runs.py"))]
    assert sorted(shown) == sorted(odd)
