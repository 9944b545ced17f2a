"""Runs come in and points go out in the browser."""

import io
import zipfile

import pytest

from components import exchange_panel, session
from engine.errors import BadInput
from tests import fabricate
from tests.pages.test_runs import choose

TABLE = "step,train/loss,note\n0,1.5,a\n1,NaN,b\n"


@pytest.fixture
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("theirs") / "their run.csv"
    path.write_text(TABLE)
    return path


def looked_inside(open_page, click, path):
    app = open_page("runs.py")
    app.radio(key=session.IMPORT_WAY).set_value("path").run()
    app.text_input(key=session.IMPORT_PATH).set_value(str(path)).run()
    return click(app, "Look inside")


def said(elements):
    return [element.value.replace("\\", "") for element in elements]


def download(app):
    """The button of the export, not those of reports."""
    found = [button.proto for button in app.get("download_button")]
    (button,) = [proto for proto in found if "runs.export.go" in proto.id]
    return button


def test_a_path_is_looked_into_and_then_imported(open_page, click, store, table):
    app = looked_inside(open_page, click, table)
    assert store.list() == []
    click(app, "Import 1 run")
    (summary,) = store.list()
    assert summary.name == "their run"
    assert store.open(summary.id).metrics() == ["train/loss"]
    assert said(app.success) == ["Imported 1 run."]


def test_the_same_again_says_that_it_is_here(open_page, click, store, table):
    for _ in range(2):
        app = click(looked_inside(open_page, click, table), "Import 1 run")
    (summary,) = store.list()
    assert said(app.info)[:1] == [f"their run: It is here already, as run {summary.id}."]


def test_an_upload_is_imported(open_page, click, store):
    app = open_page("runs.py")
    app.file_uploader[0].set_value(("theirs.csv", TABLE.encode(), "text/csv")).run()
    click(click(app, "Look inside"), "Import 1 run")
    assert [summary.name for summary in store.list()] == ["theirs"]


def test_two_uploads_of_one_name_are_refused_and_none_is_lost(open_page, click, store):
    app = open_page("runs.py")
    files = [("loss.csv", TABLE.encode(), "text/csv"), ("loss.csv", b"step,a\n0,2\n", "text/csv")]
    app.file_uploader[0].set_value(files).run()
    app = click(app, "Look inside")
    assert "loss.csv: two of the files have this name." in said(app.error)[0]
    assert store.list() == []


def test_the_home_of_nobody_is_a_path_that_is_not_there(open_page, click):
    app = looked_inside(open_page, click, "~nobody-of-this-name/runs")
    assert said(app.error) == ["runs: there is no such file or folder."]


def test_what_cannot_be_read_is_said_with_its_line(open_page, click, store, table):
    table.write_text("step,loss\n0,1.5\n1,oops\n")
    app = looked_inside(open_page, click, table)
    (found,) = [frame.value for frame in app.dataframe if "Problem" in frame.value]
    assert found["Problem"][0] == "their run.csv, line 3: loss is not a number (got 'oops')."
    assert not [button for button in app.button if button.label == "Import 1 run"]


def test_a_path_that_is_not_there_is_said(open_page, click, tmp_path):
    app = looked_inside(open_page, click, tmp_path / "gone")
    assert said(app.error) == ["gone: there is no such file or folder."]


def test_a_server_that_others_reach_offers_no_paths(open_page, monkeypatch):
    monkeypatch.setattr(session, "is_local", lambda: False)
    assert "path" not in open_page("runs.py").radio(key=session.IMPORT_WAY).options


def test_a_download_has_the_points_of_the_chosen_metrics(store):
    run = fabricate.run_of(store, steps=60)
    packed = exchange_panel.packed([run.id], "csv", ["val/*"])
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.namelist() == ["points.csv", "runs.json"]
        lines = archive.read("points.csv").decode().splitlines()
    assert {line.split(",")[1] for line in lines[1:]} == {
        "val/bits_per_char",
        "val/loss",
        "val/perplexity",
    }


def test_a_pattern_without_metrics_is_refused(store):
    run = fabricate.run_of(store)
    with pytest.raises(BadInput, match=r"no metric of these runs matches \(got nothing\*\)"):
        exchange_panel.packed([run.id], "csv", ["nothing*"])


def test_the_export_is_offered_for_chosen_runs(open_page, store):
    fabricate.run_of(store)
    app = choose(open_page("runs.py"), 0)
    assert app.radio(key=session.EXPORT_FORMAT).value == "parquet"
    assert not download(app).disabled
    app.text_input(key=session.EXPORT_METRICS).set_value("nothing*").run()
    assert download(app).disabled
    assert download(app).help == "No metric of these runs has such a name."
