"""`python -m engine runs compare`."""

import csv
import io
import json
import math

import pytest
from typer.testing import CliRunner

from engine.__main__ import app
from engine.runs.store import RunStore
from tests.engine.comparison.made import run_with


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def compare(store, *arguments):
    command = ["runs", "compare", "--runs", store.root, *arguments]
    return CliRunner().invoke(app, [str(argument) for argument in command])


def seeds(store):
    """Two learning rates with three seeds each, in the order of their losses."""
    return [
        run_with(
            store,
            {"val/loss": [5.0, rate + 0.01 * seed]},
            name=f"lr {rate}",
            training__optimizer__lr=rate,
            training__reproducibility__seed=seed,
        ).id
        for rate in (0.1, 0.5)
        for seed in range(3)
    ]


def test_a_table_has_metrics_differences_groups_and_tests(store):
    done = compare(store, *seeds(store), "--group-by", "lr", "--metric", "val/loss")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["#", "RUN", "STATUS", "val/loss", "BEST", "AT", "STEP", "NAME"]
    assert "0.1*" in lines[1]
    found = " ".join(done.stdout.split())
    assert "Learning rate 0.1 1 2 3 0.5 4 5 6" in found
    assert "0.1 3 0.11 0.01 0.1 0.12 0" in found
    assert "0.1 / 0.5 +0.4 0.3773 to 0.4227" in found


def test_what_else_differs_within_groups_is_said(store):
    done = compare(store, *seeds(store), "--group-by", "model.kind")
    assert done.stdout.splitlines()[-1] == "Within groups also differ: optimizer.lr"
    assert "off  " in compare(store, *seeds(store), "--group-by", "tag:none").stdout


def test_json_has_everything(store):
    ids = seeds(store)
    done = compare(
        store, *ids, "--group-by", "optimizer.lr", "--baseline", ids[0], "--format", "json"
    )
    document = json.loads(done.stdout)
    assert document["better"] == {"val/loss": "min"}
    assert document["best_runs"] == {"val/loss": [ids[0]]}
    second = document["runs"][3]["metrics"]["val/loss"]
    assert second["best"] == {"value": 0.5, "step": 2}
    assert second["against_baseline"] == {
        "difference": 0.4,
        "percent": pytest.approx(400),
        "verdict": "worse",
    }
    (rate, seed) = document["differences"]["configuration"]
    assert (rate["path"], rate["values"][ids[5]]) == ("training.optimizer.lr", 0.5)
    assert seed["label"] == "Seed"
    (pair,) = document["groups"]["metrics"]["val/loss"]["pairs"]
    assert pair["difference"] == pytest.approx(0.4)
    assert pair["p"] == pair["adjusted_p"] < 0.001
    assert document["groups"]["runs"] == {"0.1": sorted(ids[:3]), "0.5": sorted(ids[3:])}


def test_csv_has_a_row_a_run(store):
    a = run_with(store, {"val/loss": [1.0, math.nan], "x": [2.0]}, name='a "quoted", name\n')
    b = run_with(store, name="b")
    done = compare(
        store, a.id, b.id, "--format", "csv", "--metric", "val/loss", "--metric", "x",
        "--group-by", "model.kind",
    )  # fmt: skip
    heading, first, second = csv.reader(io.StringIO(done.stdout))
    assert heading == [
        *("run_id", "name", "status", "step", "model.kind"),
        *("val/loss", "best(val/loss)", "step of best(val/loss)"),
        *("x", "best(x)", "step of best(x)"),
    ]
    known = ["completed", "3", "gpt"]
    assert first == [a.id, a.name, *known, "NaN", "1.0", "1", "2.0", "", ""]
    assert second == [b.id, "b", *known, *[""] * 6]


def test_runs_are_found_by_a_query(store):
    ids = seeds(store)
    done = compare(store, "--query", "optimizer.lr > 0.2", "--format", "json")
    assert {run["run_id"] for run in json.loads(done.stdout)["runs"]} == set(ids[3:])


def test_what_cannot_be_read_is_named_and_the_rest_compared(store):
    whole, damaged = run_with(store), run_with(store)
    (damaged.folder / "run.json").write_text("{")
    done = compare(store, damaged.id, "nonsense\x1b[0m", whole.id, "--format", "json")
    assert done.exit_code == 0
    document = json.loads(done.stdout)
    assert [run["run_id"] for run in document["runs"]] == [whole.id]
    assert [left["run_id"] for left in document["left_out"]] == [damaged.id, "nonsense\x1b[0m"]
    assert "run.json" in done.stderr
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no run to compare"),
        (("20260101-000000-abcdef",), "no run to compare"),
        (("RUN", "--metric", "val/los"), "none of these runs has it (got 'val/los')"),
        (("RUN", "--group-by", "optimiser.name"), "no run has 'optimiser.name'"),
        (("RUN", "--group-by", "val/loss"), "--group-by: is a metric (got 'val/loss')"),
        (("RUN", "--baseline", "nobody"), "--baseline: no such run (got 'nobody')"),
        (("--query", "lr >"), "query, column"),
    ],
)
def test_bad_input_is_said(store, arguments, message):
    run = run_with(store, {"val/loss": [1.0]})
    done = compare(store, *(run.id if one == "RUN" else one for one in arguments))
    assert done.exit_code == 2
    assert message in done.stderr


def test_an_environment_of_something_else_is_json_too(store):
    run, other = run_with(store), run_with(store)
    strange = {"python": [math.nan, {"a": math.inf}]}
    record = run.record.model_copy(update={"environment": strange})
    (run.folder / "run.json").write_text(json.dumps(record.model_dump()))
    document = json.loads(compare(store, run.id, other.id, "--format", "json").stdout)
    (python,) = [row for row in document["differences"]["environment"] if row["path"] == "python"]
    assert python["values"][run.id] == "[nan, {'a': inf}]"


def test_a_run_without_metrics_and_one_alone_can_be_compared(store):
    run = run_with(store)
    done = compare(store, run.id, "--group-by", "name")
    assert done.exit_code == 0
    assert run.id in done.stdout
