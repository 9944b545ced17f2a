"""Points on their way out of a run: the text gives back the very same numbers."""

import csv
import io
import struct
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from engine.commands.metrics_export import as_columns, csv_lines
from engine.runs.series import MetricFiles, records_of
from engine.runs.store import RunStore
from tests import fabricate

CURVES = st.dictionaries(
    st.text(min_size=1, max_size=20).filter(lambda name: name != "step"),
    st.dictionaries(st.integers(0, 50), st.floats(), min_size=1, max_size=20),
    max_size=4,
)


def bits(value):
    return "NaN" if value != value else struct.pack("<d", value)


def run_with(curves, root):
    run = RunStore(root).create(fabricate.TEXT)
    files = MetricFiles(run.metrics_folder)
    for metric, points in curves.items():
        rows = [(step, 1.0, value) for step, value in sorted(points.items())]
        files.append(metric, records_of(rows))
    files.close()
    return run


@given(CURVES)
def test_csv_and_json_give_every_point_back(curves):
    with tempfile.TemporaryDirectory() as root:
        run = run_with(curves, Path(root))
        text = "\n".join(csv_lines(run))
        columns = as_columns(run)
    heading, *rows = csv.reader(io.StringIO(text, newline=""))
    table = {name: {} for name in heading[1:]}
    for step, *cells in rows:
        for name, cell in zip(heading[1:], cells, strict=True):
            if cell:
                table[name][int(step)] = bits(float(cell))
    wanted = {name: {s: bits(v) for s, v in points.items()} for name, points in curves.items()}
    assert table == wanted
    assert {
        name: {s: bits(float(v)) for s, v in zip(c["step"], c["value"], strict=True)}
        for name, c in columns.items()
    } == wanted
