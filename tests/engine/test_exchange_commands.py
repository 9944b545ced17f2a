"""`import` and `export` on the command line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.__main__ import app
from engine.runs.store import RunStore
from tests import fabricate

FOREIGN = Path(__file__).parent / "foreign"


@pytest.fixture
def run_command(tmp_path):
    def run_command(*arguments):
        return CliRunner().invoke(app, [*map(str, arguments), "--runs", str(tmp_path / "runs")])

    return run_command


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def test_runs_are_imported_and_the_same_again_changes_nothing(run_command, store):
    first = run_command("import", FOREIGN / "mlruns.zip")
    assert first.exit_code == 0, first.output
    names = {summary.name: summary.id for summary in store.list()}
    assert set(names) == {"first ✨", "second"}
    said = f"second: Imported as run {names['second']}. (1 point of 1 metric)"
    assert said in first.output.splitlines()
    again = run_command("import", FOREIGN / "mlruns.zip")
    assert again.exit_code == 0
    assert f"second: It is here already, as run {names['second']}." in again.output.splitlines()
    assert len(store.list()) == 2


def test_an_import_tells_programs_what_became_of_each_run(run_command, store):
    done = run_command("import", FOREIGN / "run-jk7c0nk8.wandb", "--from", "wandb", "--json")
    (outcome,) = json.loads(done.stdout.splitlines()[-1])
    (summary,) = store.list()
    facts = [outcome[name] for name in ("title", "outcome", "run_id", "metrics", "points")]
    assert facts == ["bright-sun", "imported", summary.id, 4, 63]


def test_a_refused_run_is_a_failure_and_a_wrong_path_bad_input(run_command, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("step,loss\n0,x\n")
    refused = run_command("import", bad, "--metric", "loss")
    assert (refused.exit_code, "line 2: loss is not a number" in refused.output) == (1, True)
    gone = run_command("import", tmp_path / "gone")
    assert (gone.exit_code, "there is no such file or folder" in gone.output) == (2, True)


def test_an_imported_run_is_shown_and_not_resumed(run_command, store):
    run_command("import", FOREIGN / "run-jk7c0nk8.wandb")
    (summary,) = store.list()
    shown = run_command("runs", "show", summary.id)
    assert "imported from Weights & Biases (run-jk7c0nk8.wandb)" in shown.output.splitlines()
    before = store.open(summary.id).state()
    for command in (["resume"], ["extend", "--steps", "5"], ["fork"]):
        refused = run_command(command[0], summary.id, *command[1:])
        assert refused.exit_code == 2
        assert "was imported from Weights & Biases" in refused.output
    assert run_command("runs", "checkpoints", summary.id).exit_code == 0
    assert store.open(summary.id).state() == before


@pytest.mark.parametrize("format", ["parquet", "csv", "tensorboard"])
def test_runs_are_exported(run_command, store, tmp_path, format):
    runs = [fabricate.run_of(store, steps=50).id for _ in range(2)]
    out = tmp_path / "out"
    done = run_command("export", *runs, "--out", out, "--format", format, "--metric", "train/*")
    assert done.output.strip() == f"Wrote 100 points of 1 metric of 2 runs to {out}."
    assert (out / "runs.json").exists()
    again = run_command("export", *runs, "--out", out)
    assert (again.exit_code, "exists already" in again.output) == (2, True)
