"""Runs of other tools become run folders with their very points; read from files of these tools."""

import math
import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest
from torch.utils.tensorboard import SummaryWriter

from engine.exchange import csv_parted
from engine.exchange.archives import opened
from engine.exchange.csv_columns import Columns
from engine.exchange.foreign import Unreadable
from engine.exchange.importers import IMPORTERS, importer_for
from engine.exchange.intake import bring_in
from engine.runs.record import SOURCE_NAMES
from engine.runs.store import RunStore

FOREIGN = Path(__file__).parent / "foreign"


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def brought(store, path, *, columns=None, again=False, source=None):
    """The runs that an import made, by their names; all must have been imported."""
    with opened(path) as inside:
        outcomes = list(bring_in(store, importer_for(inside, source, columns), inside, again=again))
    assert {outcome.kind for outcome in outcomes} <= {"imported", "empty"}, outcomes
    made = [outcome for outcome in outcomes if outcome.kind == "imported"]
    return {outcome.title: store.open(outcome.run_id) for outcome in made}


def refusal(store, path, columns=None):
    """Why the one run in a file was refused, or the file."""
    try:
        (outcome,) = bring_in(store, importer_for(path, None, columns), path)
    except Unreadable as error:
        return str(error)
    assert outcome.kind == "refused"
    return outcome.text


def points(run, metric):
    series = run.series(metric)
    return list(zip(series.step.tolist(), series.value.tolist(), strict=True))


def database(folder):
    path = folder / "mlflow.db"
    with sqlite3.connect(path) as connection:
        connection.executescript((FOREIGN / "mlflow.sql").read_text(encoding="utf-8"))
    connection.close()
    return path


def test_every_source_that_a_record_may_name_has_an_importer():
    assert set(IMPORTERS) == set(SOURCE_NAMES)
    assert all(importer.source == source for source, importer in IMPORTERS.items())


# -- TensorBoard -----------------------------------------------------------------------------------


def events(folder, rows, **options):
    with SummaryWriter(str(folder), **options) as writer:
        for tag, value, step in rows:
            writer.add_scalar(tag, value, step, walltime=1_700_000_000.0 + step)


def test_event_files_keep_values_steps_times_and_nan(store, tmp_path):
    rows = [("train/loss", 0.5, 0), ("train/loss", float("nan"), 7), ("lr ✨", 1.0, 7)]
    events(tmp_path / "logs" / "a", rows)
    run = brought(store, tmp_path / "logs")["a"]
    assert run.metrics() == ["lr ✨", "train/loss"]
    series = run.series("train/loss")
    assert series.step.tolist() == [0, 7]
    assert series.time.tolist() == [1_700_000_000.0, 1_700_000_007.0]
    assert series.value[0] == 0.5
    assert math.isnan(series.value[1])
    state = run.state()
    assert (state.status, state.step, state.total_steps) == ("stopped", 7, None)
    assert (state.started_at, state.ended_at) == (1_700_000_000.0, 1_700_000_007.0)


def test_scalars_that_are_tensors_are_read_and_histograms_are_not(store, tmp_path):
    with SummaryWriter(str(tmp_path / "logs")) as writer:
        for step in range(3):
            writer.add_scalar("new", step / 4, step, new_style=True)
        writer.add_histogram("weights", np.arange(5.0), 0)
        writer.add_text("words", "hello", 0)
    run = brought(store, tmp_path / "logs")["logs"]
    assert run.metrics() == ["new"]
    assert points(run, "new") == [(0, 0.0), (1, 0.25), (2, 0.5)]


def test_a_restart_drops_what_was_logged_beyond_it(store, tmp_path):
    events(tmp_path / "logs", [("loss", float(step), step) for step in range(10)])
    again = [("loss", step + 0.5, step) for step in range(6, 8)]
    events(tmp_path / "logs", again, purge_step=6, filename_suffix=".z")
    run = brought(store, tmp_path / "logs")["logs"]
    before = [(step, float(step)) for step in range(6)]
    assert points(run, "loss") == [*before, (6, 6.5), (7, 7.5)]


def test_files_without_a_restart_are_merged_in_the_order_of_steps(store, tmp_path):
    events(tmp_path / "logs", [("loss", 1.0, 0), ("loss", 2.0, 5)])
    events(tmp_path / "logs", [("loss", 3.0, 3), ("loss", 4.0, 5)], filename_suffix=".z")
    run = brought(store, tmp_path / "logs")["logs"]
    assert points(run, "loss") == [(0, 1.0), (3, 3.0), (5, 2.0), (5, 4.0)]


def test_hyperparameters_are_the_configuration(store, tmp_path):
    with SummaryWriter(str(tmp_path / "logs")) as writer:
        writer.add_hparams({"lr": 0.1, "kind": "mlp"}, {"score": 3.0}, run_name="trial")
    run = brought(store, tmp_path / "logs")["trial"]
    assert run.record.imported.config == {"lr": 0.1, "kind": "mlp"}
    assert run.state().status == "completed"


def test_a_run_that_has_grown_says_so_and_is_replaced_only_when_asked(store, tmp_path):
    logs = tmp_path / "logs"
    events(logs, [("loss", 1.0, 0)])
    (first,) = brought(store, logs).values()
    first.write_labels(first.labels().model_copy(update={"name": "mine"}))
    events(logs, [("loss", 0.5, 1)], filename_suffix=".z")
    (outcome,) = bring_in(store, importer_for(logs), logs)
    assert (outcome.kind, outcome.run_id) == ("changed", first.id)
    (second,) = brought(store, logs, again=True).values()
    assert [summary.id for summary in store.list()] == [second.id]
    assert [summary.id for summary in store.trashed()] == [first.id]
    assert second.name == "mine"
    assert points(second, "loss") == [(0, 1.0), (1, 0.5)]


# -- W&B -------------------------------------------------------------------------------------------


def test_a_wandb_run_keeps_its_points_and_what_it_says_of_itself(store):
    run = brought(store, FOREIGN / "run-jk7c0nk8.wandb")["bright-sun"]
    assert run.metrics() == ["flag", "nested.a", "train/loss", "val/acc"]
    assert points(run, "train/loss") == [(step, 1 / (step + 1)) for step in range(30)]
    assert points(run, "nested.a")[-1] == (29, 29.0)
    (nan_at, nan), infinity = points(run, "val/acc")
    assert (nan_at, math.isnan(nan), infinity) == (30, True, (31, math.inf))
    imported = run.record.imported
    assert (imported.original_id, imported.notes) == ("jk7c0nk8", "first try")
    assert imported.tags == run.labels().tags == ("base", "wide")
    assert imported.config == {
        "lr": 0.1,
        "model.kind": "mlp",
        "model.layers": "[64, 64]",
        "seed": 3,
        "none": None,
        "late": 5,
        "wandb.project": "proj ✨",
    }
    assert run.state().status == "completed"


def test_a_wandb_run_that_was_killed_is_read_up_to_its_torn_record(store, tmp_path):
    whole = (FOREIGN / "run-jk7c0nk8.wandb").read_bytes()
    torn = tmp_path / "run-torn.wandb"
    torn.write_bytes(whole[:6_000])
    (outcome,) = bring_in(store, importer_for(torn), torn)
    assert outcome.kind == "imported"
    assert outcome.remarks == ("run-torn.wandb: the last record is torn; all before it was read.",)
    state = store.open(outcome.run_id).state()
    assert (state.status, state.reason) == ("stopped", "imported; how it ended is not known")


# -- MLflow ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("store_of", ["database", "folders"])
def test_mlflow_runs_keep_points_parameters_tags_and_endings(store, tmp_path, store_of):
    path = database(tmp_path) if store_of == "database" else FOREIGN / "mlruns.zip"
    runs = brought(store, path)
    assert set(runs) == {"first ✨", "second"}
    first = runs["first ✨"]
    loss = [(step, 1 / (step + 1)) for step in range(20)]
    assert points(first, "train/loss") == [*loss[:6], (5, 9.0), *loss[6:]]
    values = [value for _, value in points(first, "val")]
    assert math.isnan(values[0])
    assert values[1:] == [math.inf, -math.inf]
    imported = first.record.imported
    assert imported.config == {"lr": 0.1, "model": "mlp", "mlflow.experiment": "tuning"}
    assert (imported.tags, imported.notes) == (("team=vision",), "a *note*")
    assert first.state().status == "completed"
    assert runs["second"].state().status == "failed"


def test_mlflow_is_read_without_being_written(store, tmp_path):
    path = database(tmp_path)
    before = path.read_bytes(), path.stat().st_mtime_ns
    brought(store, path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["mlflow.db"]


# -- CSV -------------------------------------------------------------------------------------------


def table(folder, text, name="table.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_wide_table_has_a_metric_in_each_column_of_numbers(store, tmp_path):
    text = "epoch;time;loss;note\n1;1700000000;0.5;good\n2;2023-11-14T22:13:21+00:00;;bad\n"
    run = brought(store, table(tmp_path, text))["table"]
    assert run.metrics() == ["loss"]
    assert points(run, "loss") == [(1, 0.5)]
    assert run.series("loss").time.tolist() == [1_700_000_000.0]


def test_a_long_table_has_a_point_in_each_row_and_may_have_several_runs(store, tmp_path):
    text = "run,step,metric,value\na,2,loss,NaN\na,1,loss,1\nb,1,acc,-Infinity\n"
    runs = brought(store, table(tmp_path, text))
    assert [step for step, _ in points(runs["a"], "loss")] == [1, 2]
    assert points(runs["b"], "acc") == [(1, -math.inf)]


def test_a_table_of_a_wandb_chart_has_a_run_in_each_column(store, tmp_path):
    names = ["r - x", "r - x__MIN", "r - x__MAX"]
    names += [name.replace("r", "s", 1) for name in names]
    text = ",".join(["Step", *names]) + "\n0,1,1,1,2,2,2\n"
    runs = brought(store, table(tmp_path, text))
    assert {name: points(run, "x") for name, run in runs.items()} == {
        "r": [(0, 1.0)],
        "s": [(0, 2.0)],
    }


def test_a_wide_table_may_name_the_run_of_each_row(store, tmp_path):
    text = "run,step,loss,acc\na,1,1,\nb,1,2,0.5\na,2,3,\n"
    runs = brought(store, table(tmp_path, text))
    assert points(runs["a"], "loss") == [(1, 1.0), (2, 3.0)]
    assert points(runs["b"], "acc") == [(1, 0.5)]


def test_a_table_of_many_runs_is_read_once(store, tmp_path, monkeypatch):
    rows = [f"r{run},{step},loss,{run}{step}" for step in range(3) for run in range(40)]
    rows.insert(7, "r6,one,loss,1")  # the one run that makes no sense
    path = table(tmp_path, "\n".join(["run,step,metric,value", *rows, ""]))
    opened_files, inner = [], Path.open
    monkeypatch.setattr(
        Path,
        "open",
        lambda self, *args, **kw: opened_files.append(self) or inner(self, *args, **kw),
    )
    monkeypatch.setattr(csv_parted, "_HELD", 10)
    outcomes = {one.title: one for one in bring_in(store, importer_for(path), path)}
    assert opened_files.count(path) == 1
    assert "line 9: step is not a number" in outcomes.pop("r6").text
    assert len(outcomes) == 39
    run = store.open(outcomes["r39"].run_id)
    assert points(run, "loss") == [(0, 390.0), (1, 391.0), (2, 392.0)]


def test_without_times_a_run_has_none(store, tmp_path):
    run = brought(store, table(tmp_path, "step,loss\n0,1\n1,2\n"))["table"]
    assert np.isnan(run.series("loss").time).all()
    assert run.state().started_at is None


def test_the_columns_may_be_told(store, tmp_path):
    text = "n,when,a,b\n3,1,10,x\n"
    columns = Columns(step="n", time="when", metrics=("a",))
    run = brought(store, table(tmp_path, text), columns=columns)["table"]
    assert points(run, "a") == [(3, 10.0)]
    assert run.series("a").time.tolist() == [1.0]


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        ("a,b\n1,2\n", None, "none of the columns is named as a step. Say which one is, with"),
        ("step,b\n1,2\nx,3\n", None, "line 3: step is not a number (got 'x')"),
        ("step,b\n1.5,2\n", None, "line 2: the step is not a whole number (got '1.5')"),
        ("step,b\n1,2\n2,1_0\n", None, "line 3: b is not a number (got '1_0')"),
        ("step,b\n1,2\n2\n", None, "line 3: the row has 1 cells, the heading has 2"),
        ("step,a,b\n1,2\n2,3\n", None, "line 2: the row has 2 cells, the heading has 3"),
        ("step,a\nx,1,2\ny,2,3\n", None, "line 2: the row has 3 cells, the heading has 2"),
        ("step,time,b\n1,soon,2\n", None, "line 2: the time is neither seconds nor a date"),
        ("step,b\n1,2\n", Columns(step="c"), "there is no column 'c' for the step"),
    ],
)
def test_a_wrong_table_is_refused_with_the_place(store, tmp_path, text, columns, message):
    path = table(tmp_path, text)
    assert message in refusal(store, path, columns)
    assert store.list() == []


def test_the_same_table_twice_is_one_run_and_other_content_another(store, tmp_path):
    path = table(tmp_path, "step,loss\n0,1\n")
    (first,) = brought(store, path).values()
    (outcome,) = bring_in(store, importer_for(path), path)
    assert (outcome.kind, outcome.run_id) == ("known", first.id)
    path.write_text("step,loss\n0,2\n")
    brought(store, path)
    assert len(store.list()) == 2


class Meeting:
    """An importer of which two are at work at once: both have looked for what is there already."""

    source = "csv"

    def __init__(self, path, barrier):
        self._path, self._barrier = path, barrier

    def runs(self, path):
        self._barrier.wait(timeout=20)
        return importer_for(self._path).runs(self._path)


@pytest.mark.parametrize("again", [False, True])
def test_of_two_imports_at_once_one_makes_the_run_and_the_other_says_so(store, tmp_path, again):
    path, barrier, outcomes = table(tmp_path, "step,loss\n0,1\n"), threading.Barrier(2), []
    if again:
        (older,) = brought(store, path).values()

    def bring():
        theirs = RunStore(store.root)
        outcomes.extend(bring_in(theirs, Meeting(path, barrier), path, again=again))

    threads = [threading.Thread(target=bring) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(outcome.kind for outcome in outcomes) == ["imported", "known"]
    (made,) = store.ids()
    assert [outcome.run_id for outcome in outcomes] == [made, made]
    assert list(store.trashed_ids()) == ([older.id] if again else [])
