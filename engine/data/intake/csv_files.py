"""CSV and its relatives, streamed twice: what the columns are, then their values."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv

from engine.data.intake.cells import Guess, distinct_names, typed
from engine.data.intake.source import Access, Incoming, Options
from engine.data.intake.streams import Pieces, Readable, Text
from engine.data.library.errors import DataRefused
from engine.data.progress import Progress, silent

_DELIMITERS = (",", "\t", ";", "|")
_HEAD_BYTES, _HEAD_ROWS = 256 * 1024, 200
_BLOCK = 4 * 1024**2
"""Bytes of one row at most: all that is parsed at once."""

_QUOTES = "Mend the file, or name its quote character (an empty one for none)."


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV file is written."""

    delimiter: str
    quote: str
    header: bool
    names: tuple[str, ...]


class CsvFile:
    """A CSV file as a source of rows."""

    kind = "csv"

    def __init__(self, path: Path, access: Access) -> None:
        self._path, self._access = path, access

    def read(self, options: Options, progress: Progress) -> Incoming:
        head = _head(self._text(options, silent, ""))
        if not head.strip():
            raise DataRefused(self._path.name, "is empty", "Choose a file with data in it.")
        dialect = sniffed(head, options, self._path.suffix)
        names = distinct_names(dialect.names)
        guesses = [Guess(name, options.missing) for name in names]
        notes: list[str] = []
        for batch in self._batches(options, dialect, progress, "Looking at"):
            for guess, values in zip(guesses, batch.columns, strict=True):
                guess.feed(values)
        schema, batches = typed(
            names,
            guesses,
            options.mixed,
            lambda: (
                batch.columns
                for batch in self._batches(options, dialect, progress, "Reading", notes)
            ),
        )
        return Incoming(self._path.name, self.kind, schema, batches, notes)

    def _text(self, options: Options, progress: Progress, doing: str) -> Text:
        pieces = Pieces(self._path, progress, doing, self._access.most_bytes)
        return Text(self._path, pieces, options.encoding)

    def _batches(
        self,
        options: Options,
        dialect: Dialect,
        progress: Progress,
        doing: str,
        notes: list[str] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        text = self._text(options, progress, f"{doing} {self._path.name}")
        skipped = _Skipped(self._path.name, dialect, options.ragged)
        names = [str(place) for place in range(len(dialect.names))]
        quotes = _Quotes(text, dialect)
        stream = io.BufferedReader(Readable(iter(quotes)), 1024**2)
        try:
            reader = pacsv.open_csv(
                stream,
                read_options=pacsv.ReadOptions(
                    use_threads=False,
                    block_size=_BLOCK,
                    column_names=names,
                    skip_rows_after_names=int(dialect.header),
                ),
                parse_options=pacsv.ParseOptions(
                    delimiter=dialect.delimiter,
                    quote_char=dialect.quote or False,
                    double_quote=bool(dialect.quote),
                    newlines_in_values=bool(dialect.quote),
                    invalid_row_handler=skipped,
                ),
                convert_options=pacsv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), check_utf8=False
                ),
            )
            yield from reader
        except pa.ArrowInvalid as error:
            raise skipped.refusal or _unparsed(self._path.name, error) from None
        if quotes.odd:
            _refuse_open_quote(self._path.name, self._text(options, silent, ""), dialect)
        if skipped.count and notes is not None:
            notes.append(
                f"{skipped.count:,} rows with too few or too many values were left out, the first "
                f"is row {skipped.first:,}."
            )


class _Quotes:
    """The pieces of a text, its quotes counted: with one that is never closed they are odd."""

    def __init__(self, text: Text, dialect: Dialect) -> None:
        self._text, self._mark = text, dialect.quote.encode()
        self.odd = False

    def __iter__(self) -> Iterator[bytes]:
        for _, piece in self._text:
            if self._mark:
                self.odd ^= bool(piece.count(self._mark) % 2)
            yield piece


class _Skipped:
    """Is asked about each row with another number of values than the columns."""

    def __init__(self, name: str, dialect: Dialect, ragged: str) -> None:
        self._name, self._dialect, self._ragged = name, dialect, ragged
        self.count, self.first = 0, 0
        self.refusal: DataRefused | None = None

    def __call__(self, row: Any) -> str:
        number = row.number or 0
        self.count += 1
        self.first = self.first or number
        if self._ragged == "skip":
            return "skip"
        names, found = self._dialect.names, row.actual_columns
        if found < len(names):
            what = f"the column {names[found]!r} and those after it have none"
        else:
            what = f"there is no column for what follows {names[-1]!r}"
        text = row.text if len(row.text) <= 60 else row.text[:57] + "..."
        self.refusal = DataRefused(
            self._name,
            f"row {number:,} has {found} values where there are {len(names)} columns: {what} "
            f"({text!r})",
            "Mend it, name another delimiter or quote, or leave such rows out (ragged = skip).",
        )
        return "error"


def sniffed(head: str, options: Options, suffix: str = "") -> Dialect:
    """How a file is written, from its beginning; what the options say is not questioned."""
    quote = '"' if options.quote is None else options.quote
    given = options.delimiter
    candidates: tuple[str, ...] = _DELIMITERS if given is None else (given,)
    if given is None and suffix == ".tsv":
        candidates = ("\t", *_DELIMITERS)
    tables = {mark: _parsed(head, mark, quote) for mark in candidates}
    delimiter = max(candidates, key=lambda mark: _evenness(tables[mark]))
    rows = tables[delimiter]
    header = _has_header(rows) if options.header is None else options.header
    width = len(rows[0])
    names = tuple(rows[0]) if header else tuple(f"column {n + 1}" for n in range(width))
    return Dialect(delimiter, quote, header, names)


def _parsed(head: str, delimiter: str, quote: str) -> list[list[str]]:
    rows = csv.reader(
        io.StringIO(head),
        delimiter=delimiter,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
    )
    found = []
    try:
        for row in rows:
            if row:
                found.append(row)
            if len(found) == _HEAD_ROWS:
                break
    except csv.Error:
        pass  # a value of more than 128 kB: what was read until there must do
    return found or [[""]]


def _evenness(rows: list[list[str]]) -> tuple[float, int]:
    """How many rows have as many values as the first, if that is more than one; then how many."""
    width = len(rows[0])
    if width == 1:
        return 0.0, 0
    return sum(len(row) == width for row in rows) / len(rows), width


def _has_header(rows: list[list[str]]) -> bool:
    """Whether the first row looks like names: texts that differ, over columns that do not
    repeat them."""
    first, others = [cell.strip() for cell in rows[0]], rows[1:]
    if any(_is_number(cell) for cell in first):
        return False
    numbers = any(
        _is_number(row[place]) for row in others[:20] for place in range(min(len(row), len(first)))
    )
    again = any(
        cell and cell == row[place].strip()
        for row in others
        for place, cell in enumerate(first[: len(row)])
    )
    return numbers or (not again and len(set(first)) == len(first))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _head(text: Text) -> str:
    """The first lines of a text."""
    for _, piece in text:
        cut = piece[:_HEAD_BYTES]
        if len(piece) > _HEAD_BYTES:
            cut = cut[: cut.rfind(b"\n") + 1] or cut
        return cut.decode(errors="replace")
    return ""


def _refuse_open_quote(name: str, text: Text, dialect: Dialect) -> None:
    """Read anew, slowly, a text with an odd number of quotes: one may stand within a value."""
    lines = (line for _, piece in text for line in piece.decode().splitlines(keepends=True))
    rows = csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote, strict=True)
    begun = 1
    try:
        for _ in rows:
            begun = rows.line_num + 1
    except csv.Error as error:
        if "end of data" in str(error) or "field larger" in str(error):
            reason = f"a quote is opened in the row of line {begun:,} and never closed"
            raise DataRefused(name, reason, _QUOTES) from None


def _unparsed(name: str, error: Exception) -> DataRefused:
    if "straddling" in str(error):
        limit = f"{_BLOCK / 1024**2:.0f} MB"
        return DataRefused(
            name,
            f"a row is longer than {limit}: a quote is opened and never closed, or the quote "
            "character is another one",
            _QUOTES,
        )
    return DataRefused(name, f"cannot be read as CSV ({error})")
