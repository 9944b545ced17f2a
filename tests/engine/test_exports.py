"""Points on their way out: other tools' readers, and our own importers, give back the very same."""

import json
import math
import tempfile
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from engine.errors import BadInput
from engine.exchange.export import export, matching
from engine.exchange.importers import importer_for
from engine.exchange.intake import bring_in
from engine.runs.record import Imported
from engine.runs.series import MetricFiles, records_of
from engine.runs.state import RunState
from engine.runs.store import RunStore
from tests import fabricate

NAMES = st.text(min_size=1, max_size=300) | st.sampled_from(
    ["train/loss", "✨/🔥", "a" * 300, "../../x", "<b>", "line\nbreak", "a,b;c\t", '"', "é" * 150]
)
VALUES = st.floats(allow_nan=True, allow_infinity=True)
TIMES = st.floats(1.0, 2e9) | st.just(math.nan)
ROWS = st.lists(st.tuples(st.integers(-3, 2**53), TIMES, VALUES), min_size=1, max_size=30)
CURVES = st.dictionaries(NAMES, ROWS, min_size=1, max_size=4)


def run_of(root, curves):
    """A run with these points, in the order of steps."""

    def fill(run):
        files = MetricFiles(run.metrics_folder)
        for metric, rows in curves.items():
            files.append(metric, records_of(sorted(rows, key=lambda row: row[0])))
        files.close()
        run.write_state(RunState(status="completed"))

    return RunStore(root).create(Imported(source="csv", place="made"), fill=fill)


def contents(run):
    """Every point of every metric, bit by bit."""
    found = {}
    for metric in run.metrics():
        series = run.series(metric)
        rows = zip(series.step.tolist(), series.time.tolist(), series.value.tolist(), strict=True)
        found[metric] = [(step, repr(time), repr(value)) for step, time, value in rows]
    return found


@settings(max_examples=25)
@pytest.mark.parametrize(("format", "part"), [("csv", "points.csv"), ("tensorboard", ".")])
@given(curves=CURVES)
def test_what_was_exported_is_imported_as_the_same_points(format, part, curves):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        run = run_of(root / "ours", curves)
        export([run], format, root / "out")
        store, source = RunStore(root / "theirs"), root / "out" / part
        (outcome,) = bring_in(store, importer_for(source), source)
        assert outcome.kind == "imported", outcome.text
        assert contents(store.open(outcome.run_id)) == contents(run)


@settings(max_examples=15)
@given(curves=CURVES)
def test_parquet_has_a_row_for_each_point(curves):
    with tempfile.TemporaryDirectory() as folder:
        run = run_of(Path(folder) / "ours", curves)
        export([run], "parquet", Path(folder) / "out")
        table = pq.read_table(Path(folder) / "out" / "points.parquet").to_pydict()
        wanted = contents(run)
    rows = {}
    columns = (table[name] for name in ("run", "metric", "step", "time", "value"))
    for run_id, metric, step, time, value in zip(*columns, strict=True):
        assert run_id == run.id
        shown = "nan" if time is None else repr(time)
        rows.setdefault(metric, []).append((step, shown, repr(value)))
    assert rows == wanted


def test_tensorboards_own_reader_gives_every_point(tmp_path):
    rows = [(0, 5.0, 0.1), (1, 6.0, math.nan), (2**40, 7.0, 1e300)]
    export([run_of(tmp_path / "ours", {"train/loss": rows})], "tensorboard", tmp_path / "out")
    (folder,) = [path for path in (tmp_path / "out").iterdir() if path.is_dir()]
    reader = EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()
    assert reader.Tags()["tensors"] == ["train/loss"]
    assert reader.SummaryMetadata("train/loss").plugin_data.plugin_name == "scalars"
    found = [(event.step, event.wall_time) for event in reader.Tensors("train/loss")]
    assert found == [(0, 5.0), (1, 6.0), (2**40, 7.0)]
    values = [event.tensor_proto.double_val[0] for event in reader.Tensors("train/loss")]
    assert values[0] == 0.1
    assert math.isnan(values[1])
    assert values[2] == 1e300


def test_beside_the_points_stands_how_the_runs_were_made(tmp_path):
    store = RunStore(tmp_path / "runs")
    runs = [fabricate.run_of(store, steps=50), fabricate.imported_run(store)]
    done = export(runs, "csv", tmp_path / "out.zip", ["train/*", "loss"])
    assert (done.runs, done.metrics, done.points) == (2, 2, 52)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        about = json.loads(archive.read("runs.json"))
    assert [one["run"] for one in about] == [run.id for run in runs]
    assert about[0]["spec"]["training"]["optimizer"]["name"] == "adamw"
    assert about[1]["imported"]["config"] == {"lr": 0.1, "model": "resnet"}


def test_an_existing_target_is_never_written_over(tmp_path):
    target = tmp_path / "out"
    target.write_text("mine")
    with pytest.raises(BadInput, match="exists already"):
        export([run_of(tmp_path / "ours", {"x": [(0, 1.0, 1.0)]})], "csv", target)
    assert target.read_text() == "mine"


def test_nothing_is_left_of_an_export_that_fails(tmp_path):
    run = run_of(tmp_path / "ours", {"x": [(0, 1.0, 1.0)]})
    (run.folder / "state.json").write_text("{")
    with pytest.raises(Exception, match="damaged"):
        export([run], "csv", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["ours"]


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        ((), ("a/x", "a/y", "b[1]")),
        (("a/*",), ("a/x", "a/y")),
        (("b[1]",), ("b[1]",)),
        (("*y", "a/x"), ("a/x", "a/y")),
    ],
)
def test_metrics_are_chosen_by_name_or_pattern(patterns, found):
    assert matching(("a/x", "a/y", "b[1]"), patterns) == found
