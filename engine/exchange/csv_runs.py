"""Tables of numbers as text: a row a step and a column a metric, or a row a point."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from engine.exchange.csv_columns import Columns, Layout, layout_of
from engine.exchange.csv_parted import Parted, Row
from engine.exchange.csv_points import Table
from engine.exchange.folders import walked
from engine.exchange.foreign import UNKNOWN_ENDING, Facts, ForeignRun, Part, Unreadable
from engine.runs.record import ImportSource


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
        strict = bool(self._columns.metrics)
        with _rows(path) as (heading, rows):
            layout = layout_of(heading, self._columns, path.name)
            names = list(dict.fromkeys(run for _, run, _ in layout.wide)) or [""]
            if layout.run is None and len(names) == 1:
                read = partial(_read, path, layout, names[0], strict)
                return [ForeignRun(names[0] or path.stem, path.name, read)]
            parted = Parted(path.name, layout, names, strict)
            parted.take(rows)
        return [
            ForeignRun(name or path.stem, path.name, partial(parted.read, name, name or path.stem))
            for name in parted.names
        ]


def _is_table(name: str) -> bool:
    return name.lower().endswith((".csv", ".tsv"))


def _read(path: Path, layout: Layout, run: str, strict: bool) -> Iterator[Part]:
    """The only run of a table, read as it stands."""
    yield Facts(name=run or path.stem, status="stopped", reason=UNKNOWN_ENDING)
    table = Table(path.name, layout, run, strict)
    with _rows(path) as (_, rows):
        for line, cells in rows:
            if table.keep(line, cells):
                yield from table.points.blocks()
    yield from table.points.blocks()
    yield from table.remarks()


@contextmanager
def _rows(path: Path) -> Iterator[tuple[list[str], Iterator[Row]]]:
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


def _whole(reader: Iterator[list[str]], width: int, place: str) -> Iterator[Row]:
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
