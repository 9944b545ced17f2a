"""Files with the raw points of curves: every one of them, exactly."""

import csv
import io

import numpy as np
import pytest
from pyarrow import parquet
from starlette.applications import Starlette

from components.live_feed import routes
from components.live_feed.download import file_name
from engine.runs.run import Labels
from engine.runs.series import RECORD, MetricFiles
from engine.runs.store import RunStore
from tests.asgi import get
from tests.fabricate import run_of

VALUES = [1 / 3, np.nan, np.inf, -np.inf, 5e-324, -0.0]


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


@pytest.fixture
def app(store):
    return Starlette(routes=routes(store))


def run_with(store, values, metric="train/loss"):
    run = run_of(store, status="running", steps=0)
    records = np.zeros(len(values), RECORD)
    records["step"] = np.arange(1, len(values) + 1)
    records["time"] = 1_700_000_000.123456 + np.arange(len(values))
    records["value"] = values
    files = MetricFiles(run.metrics_folder)
    files.append(metric, records)
    files.close()
    return run, records


def rows_of(content):
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_a_csv_has_every_point_with_all_its_digits(app, store):
    run, records = run_with(store, [*VALUES, *np.random.default_rng(0).normal(size=12_000)])
    answer = get(app, "/traindeck/points", {"run": run.id, "metric": "train/loss"})
    rows = rows_of(answer.content)
    assert [int(row["step"]) for row in rows] == records["step"].tolist()
    np.testing.assert_array_equal([float(row["value"]) for row in rows], records["value"])
    np.testing.assert_array_equal([float(row["time"]) for row in rows], records["time"])
    assert {row["run"] for row in rows} == {run.id}


def test_a_parquet_file_has_every_point_as_it_is(app, store):
    (first, records), (second, _) = run_with(store, VALUES), run_with(store, [7.0])
    asked = {"run": [first.id, second.id], "metric": "train/loss", "format": "parquet"}
    table = parquet.read_table(io.BytesIO(get(app, "/traindeck/points", asked).content)).to_pydict()
    np.testing.assert_array_equal(table["value"], [*records["value"], 7.0])
    assert table["step"] == [1, 2, 3, 4, 5, 6, 1]
    assert table["run"] == [first.id] * 6 + [second.id]


def test_only_the_points_of_the_window_are_in_the_file_if_that_was_asked(app, store):
    run, _ = run_with(store, np.arange(100.0))
    asked = {"run": run.id, "metric": "train/loss", "low": 10.5, "high": 13}
    rows = rows_of(get(app, "/traindeck/points", asked).content)
    assert [row["step"] for row in rows] == ["11", "12", "13"]


def test_a_file_is_named_after_the_chart_in_a_way_that_no_system_trips_over(app, store):
    run, _ = run_with(store, [1.0])
    asked = {"run": run.id, "metric": "train/loss", "title": 'Größe "a/b"\r\n../x'}
    header = get(app, "/traindeck/points", asked).headers["content-disposition"]
    assert header == (
        "attachment; filename=\"Gr--e-a-b-x.csv\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe-a-b-x.csv"
    )
    assert file_name("../..", "csv") == "curves.csv"
    assert len(file_name("x" * 1000, "csv")) == 84


def test_a_name_is_no_formula_of_a_spreadsheet(app, store):
    run, _ = run_with(store, [1.0], metric="=1+1")
    run.write_labels(Labels(name='=HYPERLINK("x")'))
    (row,) = rows_of(get(app, "/traindeck/points", {"run": run.id, "metric": "=1+1"}).content)
    assert (row["name"], row["metric"]) == ('\'=HYPERLINK("x")', "'=1+1")


@pytest.mark.parametrize(
    ("changed", "status"), [({"run": "nothing"}, 404), ({"format": "exe"}, 400), ({"low": 1}, 400)]
)
def test_what_cannot_be_answered_is_said(app, store, changed, status):
    run, _ = run_with(store, [1.0])
    answer = get(app, "/traindeck/points", {"run": run.id, "metric": "train/loss", **changed})
    assert answer.status == status
    assert answer.json()["error"]
