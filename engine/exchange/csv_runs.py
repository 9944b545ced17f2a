"""Tables of numbers as text: a row a step and a column a metric, or a row a point."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from engine.exchange.csv_columns import Columns, Layout, layout_of
from engine.exchange.folders import walked
from engine.exchange.foreign import (
    UNKNOWN_ENDING,
    Facts,
    ForeignRun,
    Part,
    Points,
    Unreadable,
    known_time,
    plain_name,
)
from engine.runs.record import ImportSource

_MILLISECONDS = 1e11
"""A time above it is not in seconds but in milliseconds."""
_MOST_STEPS = 2**53
_MOST_RUNS = 1_000
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", re.I | re.A)
_Row = tuple[int, list[str]]
"""The line in the file, and the cells."""


class CsvImporter:
    """Reads one file; the columns may be told."""

    source: ImportSource = "csv"

    def __init__(self, columns: Columns | None = None) -> None:
        self._columns = columns or Columns()

    def recognises(self, path: Path) -> bool:
        return next(iter(walked(path, _is_table)), None) is not None

    def runs(self, path: Path) -> Sequence[ForeignRun]:
        files = [path] if path.is_file() else list(walked(path, _is_table))
        if not files:
            raise Unreadable(path.name, "there is no CSV file in it")
        return [run for file in files for run in self._in_file(file)]

    def _in_file(self, path: Path) -> Sequence[ForeignRun]:
        with _rows(path) as (heading, rows):
            layout = layout_of(heading, self._columns, path.name)
            names = _runs_of(layout, rows)
        strict = bool(self._columns.metrics)
        return [
            ForeignRun(name or path.stem, path.name, partial(_read, path, layout, name, strict))
            for name in names
        ]


def _is_table(name: str) -> bool:
    return name.lower().endswith((".csv", ".tsv"))


def _runs_of(layout: Layout, rows: Iterator[_Row]) -> list[str]:
    """The runs that the table tells apart, in their order; one without a name if it does not."""
    if layout.run is None:
        return list(dict.fromkeys(run for _, run, _ in layout.wide)) or [""]
    found = dict.fromkeys(cells[layout.run] for _, cells in rows)
    if len(found) > _MOST_RUNS:
        raise Unreadable("run", f"the table has more than {_MOST_RUNS:,} runs")
    return list(found) or [""]


def _read(path: Path, layout: Layout, run: str, strict: bool) -> Iterator[Part]:
    yield Facts(name=run or path.stem, status="stopped", reason=UNKNOWN_ENDING)
    table = _Table(path.name, layout, run, strict)
    with _rows(path) as (_, rows):
        for line, cells in rows:
            if layout.run is not None and cells[layout.run] != run:
                continue
            if table.keep(line, cells):
                yield from table.points.blocks()
    yield from table.points.blocks()
    if table.texts:
        left = ", ".join(sorted(table.texts)[:10])
        yield Facts(remarks=(f"Left out, as they hold no numbers: {left}.",))


class _Table:
    """Makes points of rows."""

    def __init__(self, place: str, layout: Layout, run: str, strict: bool) -> None:
        self.points = Points()
        self.texts: set[str] = set()
        """Columns without numbers, found by their first cell."""
        self._place, self._layout, self._strict = place, layout, strict
        self._numbers: set[str] = set()
        self._wide = [(column, plain_name(name)) for column, of, name in layout.wide if of == run]

    def keep(self, line: int, cells: Sequence[str]) -> bool:
        """Keep the points of a row; True when many are held."""
        layout = self._layout
        step = self._step(line, cells[layout.step])
        time = math.nan if layout.time is None else self._time(line, cells[layout.time])
        if layout.metric is not None and layout.value is not None:
            value = self._number(line, "value", cells[layout.value])
            return self.points.add(plain_name(cells[layout.metric]), step, time, value)
        full = False
        for column, metric in self._wide:
            cell = cells[column].strip()
            if cell and not self._is_text(metric, cell):
                full |= self.points.add(metric, step, time, self._number(line, metric, cell))
        return full

    def _is_text(self, metric: str, cell: str) -> bool:
        """Whether a column holds texts: it begins with one, and nobody asked for it."""
        if metric in self._numbers or self._strict:
            return False
        if metric not in self.texts:
            (self._numbers if _NUMBER.fullmatch(cell) else self.texts).add(metric)
        return metric in self.texts

    def _step(self, line: int, cell: str) -> int:
        value = self._number(line, "step", cell)
        if not value.is_integer() or abs(value) > _MOST_STEPS:
            raise self._wrong(line, "the step is not a whole number", cell)
        return int(value)

    def _number(self, line: int, what: str, cell: str) -> float:
        text = cell.strip()
        if not _NUMBER.fullmatch(text):
            raise self._wrong(line, f"{what} is not a number", cell)
        return float(text)

    def _time(self, line: int, cell: str) -> float:
        text = cell.strip()
        if not text:
            return math.nan
        try:
            if _NUMBER.fullmatch(text):
                seconds = float(text)
                return known_time(seconds / 1000 if seconds > _MILLISECONDS else seconds)
            moment = datetime.fromisoformat(text)
        except (ValueError, OverflowError):
            raise self._wrong(line, "the time is neither seconds nor a date", cell) from None
        return known_time((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())

    def _wrong(self, line: int, reason: str, cell: str) -> Unreadable:
        return Unreadable(f"{self._place}, line {line:,}", f"{reason} (got {cell[:60]!r})")


@contextmanager
def _rows(path: Path) -> Iterator[tuple[list[str], Iterator[_Row]]]:
    """The heading, and the rows below it with as many cells."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            delimiter = _delimiter(file.readline(1_000_000))
            file.seek(0)
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            heading = next(reader, [])
            yield heading, _whole(reader, len(heading), path.name)
        except UnicodeDecodeError as error:
            raise Unreadable(path.name, f"it is not text in UTF-8 ({error.reason})") from None
        except csv.Error as error:
            raise Unreadable(path.name, f"it is not a table ({error})") from None


def _whole(reader: Iterator[list[str]], width: int, place: str) -> Iterator[_Row]:
    for cells in reader:
        line: int = reader.line_num  # type: ignore[attr-defined]
        if not cells:
            continue
        if len(cells) != width:
            reason = f"the row has {len(cells)} cells, the heading has {width}"
            raise Unreadable(f"{place}, line {line:,}", reason)
        yield line, cells


def _delimiter(heading: str) -> str:
    return max(",;\t", key=heading.count)
