"""`python -m engine data ...`: what it prints, where, and with which exit code."""

import json

import pytest
from typer.testing import CliRunner

from engine.__main__ import app
from engine.data.library.library import DataLibrary
from engine.run_spec import RunSpec
from tests.engine.data import files
from tests.engine.data.files import file


def data(*arguments):
    return CliRunner().invoke(app, ["data", *map(str, arguments)])


@pytest.fixture
def films(tmp_path):
    path = file(tmp_path, "films.csv", files.CSV)
    done = data("import", path, "--runs", tmp_path / "runs", "--name", "Films")
    assert done.exit_code == 0, done.stderr
    return done.stdout.strip()


def test_a_dataset_is_brought_in_listed_shown_and_removed(tmp_path, films):
    runs = ("--runs", tmp_path / "runs")
    listed = data("list", *runs).stdout
    assert f"{films[:12]}" in listed
    assert "40 rows" in listed
    assert "Films" in listed
    shown = data("show", "Films", *runs)
    assert 'text: film 0 is bad, "really"; label: p' in shown.stdout
    assert "label  text             for label   , 2 different" in shown.stderr
    assert "It seems to be for the task: sequence-classification" in shown.stderr
    assert data("remove", films[:8], *runs).stdout == f"Removed Films ({films[:12]}).\n"
    assert json.loads(data("list", *runs, "--json").stdout) == []


def test_rows_that_are_there_already_are_said_to_be(tmp_path, films):
    again = data("import", tmp_path / "films.csv", "--runs", tmp_path / "runs", "--name", "other")
    assert again.stdout.strip() == films
    assert "These rows were here already, as Films." in again.stderr


def test_a_spec_of_a_dataset_can_be_prepared(tmp_path, films):
    runs = ("--runs", tmp_path / "runs")
    written = data("spec", "Films", *runs, "--task", "causal-lm", "--column", "label=ignore")
    spec = RunSpec.parse_json(written.stdout)
    assert (spec.data.dataset, spec.task.kind) == (films, "causal-lm")
    assert (spec.data.columns, spec.data.split.kind) == ({"text": "text"}, "ratio")
    usual = RunSpec.parse_json(data("spec", "Films", *runs).stdout)
    assert (usual.model.kind, usual.data.split.kind) == ("encoder", "stratified")
    prepared = data("prepare", file(tmp_path, "s.json", usual.to_json()), *runs)
    assert prepared.stdout == "36 samples to train on, 4 held out.\n", prepared.stderr


def test_how_it_is_read_can_be_said(tmp_path):
    path = file(tmp_path, "odd.csv", "1|ä\nNIL|ö\n".encode("cp1252"))
    settings = ["encoding=cp1252", "delimiter=|", "header=false", "missing=NIL,-"]
    given = [part for setting in settings for part in ("--set", setting)]
    done = data("import", path, "--runs", tmp_path, *given, "--json")
    record = json.loads(done.stdout)
    assert [column["missing"] for column in record["columns"]] == [1, 0]
    assert record["origin"]["options"] == {
        "encoding": "cp1252",
        "delimiter": "|",
        "header": False,
        "missing": ["NIL", "-"],
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["import", "nothing.csv"], "nothing.csv: there is no such file or folder"),
        (["import", "synthetic:blobs", "--set", "colour=red"], "colour: unknown field"),
        (["import", "synthetic:blobs", "--set", "header"], "--set: is no OPTION=VALUE"),
        (
            ["import", "synthetic:blobs", "--set", "delimiter=ab"],
            "delimiter: 'ab' is not one letter",
        ),
        (["show", "nope"], "DATASET: no such dataset (got 'nope'). The library is empty."),
        (["spec", "nope", "--task", "x"], "DATASET: no such dataset"),
        (["remove", ""], "DATASET: no such dataset"),
    ],
)
def test_bad_input_is_said_in_plain_words(tmp_path, arguments, words):
    done = data(*arguments, "--runs", tmp_path)
    assert done.exit_code == 2
    assert words in done.stderr
    assert DataLibrary(tmp_path).datasets() == []


def test_the_catalogue_says_what_installs_each(tmp_path):
    said = data("catalog").stdout
    assert "mnist-5k: 5,000 handwritten digits of MNIST" in said
    offers = json.loads(data("catalog", "--json").stdout)
    assert {"name", "title", "source", "licence", "install", "installed"} == set(offers[0])
