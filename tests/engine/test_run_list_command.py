"""`runs list`: which runs, which columns, in which order and form."""

import csv
import io
import json
import time

import pytest
from typer.testing import CliRunner

from engine.__main__ import app
from engine.frozen import with_changes
from engine.runs.run import Labels
from engine.runs.store import RunStore
from tests import fabricate


@pytest.fixture
def store(tmp_path):
    store = RunStore(tmp_path)
    for number, name in enumerate(("first", "second, with a comma", "third\n=1+1")):
        changes = {"name": name, "training.optimizer.lr": 10.0**-number}
        run = fabricate.run_of(store, with_changes(fabricate.IMAGES, changes), steps=50 * number)
        run.write_labels(Labels(tags=("a", "b")[:number]))
    return store


def listed(store, *arguments):
    done = CliRunner().invoke(app, ["runs", "list", "--runs", str(store.root), *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_query_columns_and_an_order(store):
    text = listed(store, "--query", "lr < 1", "--columns", "lr,tags,name", "--sort", "-lr")
    assert [line.split() for line in text.splitlines()] == [
        ["optimizer.lr", "tags", "name"],
        ["0.1", "a", "second,", "with", "a", "comma"],
        ["0.01", "a,", "b", "third\\n=1+1"],
    ]


def test_json_has_values_and_null_for_what_is_not_known(store):
    text = listed(store, "--columns", "lr,min(val/loss),tags", "--sort", "lr", "--format", "json")
    rows = json.loads(text)
    assert [row["optimizer.lr"] for row in rows] == [0.01, 0.1, 1.0]
    assert rows[2] == {"optimizer.lr": 1.0, "min(val/loss)": None, "tags": []}
    assert rows[0]["min(val/loss)"] > 1


def test_csv_reads_back_whatever_is_in_it(store):
    text = listed(store, "--columns", "name,val/loss", "--sort", "-lr", "--format", "csv")
    names = [row["name"] for row in csv.DictReader(io.StringIO(text))]
    assert names == ["first", "second, with a comma", "third\n=1+1"]
    assert "id,name,status" in listed(store, "--format", "csv")


@pytest.fixture
def in_berlin(monkeypatch):
    """A machine whose clock is two hours ahead in summer, and one in winter."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(("day", "began"), [("2026-07-01", 1782856800), ("2026-12-01", 1796079600)])
def test_a_date_is_the_day_that_the_clock_of_this_machine_showed(tmp_path, in_berlin, day, began):
    clock = iter([began - 1, began, began + 86_399, began + 86_400])
    store = RunStore(tmp_path, now=lambda: next(clock))
    ids = [store.create(fabricate.TEXT).id for _ in range(4)]
    rows = listed(store, "--query", f"created_at == {day}", "--columns", "id", "--sort", "id")
    assert rows.split() == ["id", *ids[1:3]]


def test_a_wrong_query_is_refused_with_its_place(store):
    command = ["runs", "list", "--runs", str(store.root), "--query", "lr < 1 and los < 2"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "lr < 1 and los < 2\n           ^" in done.stderr
    assert "no run has 'los'" in done.stderr


def test_archived_runs_are_listed_when_they_are_asked_for(store):
    run = store.open(store.ids()[0])
    run.write_labels(Labels(archived=True))
    assert run.id not in listed(store)
    assert run.id in listed(store, "--query", "archived == true")


def test_a_table_of_no_runs_is_empty(tmp_path):
    assert json.loads(listed(RunStore(tmp_path), "--format", "json")) == []
    assert listed(RunStore(tmp_path), "--columns", "name").split() == ["name"]
