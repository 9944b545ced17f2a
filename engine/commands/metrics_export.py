"""A run's recorded points as CSV text and as JSON columns, nothing invented and nothing lost."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from engine.commands.console import number
from engine.runs.run import Run

_ROWS_AT_ONCE = 10_000


def as_columns(run: Run) -> dict[str, dict[str, list[Any]]]:
    """Each metric's step, time and value columns."""
    columns = {}
    for metric in run.metrics():
        series = run.series(metric)
        columns[metric] = {
            "step": series.step.tolist(),
            "time": series.time.tolist(),
            "value": [number(value) for value in series.value.tolist()],
        }
    return columns


def csv_lines(run: Run) -> Iterator[str]:
    """A header, then one row a step; blocks of lines without the last line end.

    A cell is empty where nothing was logged and 'NaN', 'Infinity' or '-Infinity' where that was.
    """
    names = run.metrics()
    columns = [_by_step(run, name) for name in names]
    steps = sorted(set().union(*columns))
    yield _heading(["step", *names])
    for start in range(0, len(steps), _ROWS_AT_ONCE):
        block = steps[start : start + _ROWS_AT_ONCE]
        yield "\n".join(
            ",".join([str(step), *(str(column.get(step, "")) for column in columns)])
            for step in block
        )


def _by_step(run: Run, metric: str) -> dict[int, Any]:
    """The last value at each step, with full precision."""
    series = run.series(metric)
    return dict(zip(series.step.tolist(), map(number, series.value.tolist()), strict=True))


def _heading(names: list[str]) -> str:
    """Names as one record; with csv's own line end it quotes every kind of line end in them."""
    text = io.StringIO()
    csv.writer(text).writerow(names)
    return text.getvalue().removesuffix("\r\n")
