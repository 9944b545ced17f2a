"""JSON lines, streamed twice; and JSON files that hold one list of records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from engine.data.intake.source import Access, Incoming, Options
from engine.data.intake.streams import Pieces, Text
from engine.data.intake.values import Columns, Row, typed_rows
from engine.data.library.errors import DataRefused
from engine.data.progress import Progress, silent

MOST_WHOLE = 256 * 1024**2
"""Bytes of a JSON file that is one value: all of it must be in memory."""


class JsonLines:
    """A file with one record a line as a source of rows."""

    kind = "json lines"

    def __init__(self, path: Path, access: Access) -> None:
        self._path, self._access = path, access

    def read(self, options: Options, progress: Progress) -> Incoming:
        name = self._path.name
        columns = Columns(name, "line")
        for place, row in self._rows(options, progress, f"Looking at {name}", []):
            columns.feed(place, row)
        notes: list[str] = []
        kinds = columns.kinds(options.mixed)
        if not kinds:
            raise DataRefused(name, "has no records", "Choose a file with data in it.")
        schema, batches = typed_rows(
            kinds, lambda: self._rows(options, progress, f"Reading {name}", notes)
        )
        return Incoming(name, self.kind, schema, batches, notes)

    def _rows(
        self, options: Options, progress: Progress, doing: str, notes: list[str]
    ) -> Iterator[tuple[int, Row]]:
        pieces = Pieces(self._path, progress, doing, self._access.most_bytes)
        skipped: list[int] = []
        for first, piece in Text(self._path, pieces, options.encoding):
            for place, line in enumerate(piece.split(b"\n"), first):
                if not line.strip():
                    continue
                try:
                    yield place, _record(line)
                except ValueError as error:
                    if options.broken == "stop":
                        raise _broken(self._path.name, place, line, error) from None
                    skipped.append(place)
        if skipped:
            notes.append(
                f"{len(skipped):,} broken lines were left out, the first is line {skipped[0]:,}."
            )


class JsonFile:
    """A JSON file as a source of rows: a list of records, or one list a column."""

    kind = "json"

    def __init__(self, path: Path, access: Access) -> None:
        self._path, self._access = path, access

    def read(self, options: Options, progress: Progress) -> Incoming:
        name = self._path.name
        rows = _records(name, self._whole(options, progress))
        columns = Columns(name, "record")
        for place, row in enumerate(rows, 1):
            columns.feed(place, row)
        schema, batches = typed_rows(columns.kinds(options.mixed), lambda: enumerate(rows, 1))
        return Incoming(name, self.kind, schema, batches)

    def _whole(self, options: Options, progress: Progress) -> Any:
        name = self._path.name
        content = b"".join(Pieces(self._path, progress, f"Reading {name}", MOST_WHOLE))
        encoding = options.encoding or "utf-8-sig"
        try:
            return orjson.loads(content.decode(encoding))
        except UnicodeDecodeError as error:
            reason = f"is not {encoding} text (byte {error.start:,})"
            raise DataRefused(name, reason, "Name its encoding.") from None
        except orjson.JSONDecodeError as error:
            reason = (
                f"is not valid JSON: {error.msg} in line {error.lineno:,}, column {error.colno:,}"
            )
            remedy = "If each line is a record, read it as JSON lines (format = jsonl)."
            raise DataRefused(name, reason, remedy) from None


def is_lines(path: Path) -> bool:
    """Whether a JSON file has a record on its first line, and more lines."""
    for _, piece in Text(path, Pieces(path, silent, "", MOST_WHOLE), None):
        first, *others = piece.split(b"\n", 2)
        try:
            return isinstance(orjson.loads(first), dict) and any(map(bytes.strip, others))
        except ValueError:
            return False
    return False


def _record(line: bytes) -> Row:
    value = orjson.loads(line)
    if not isinstance(value, dict):
        raise ValueError(f"a record is an object with fields, as in {{...}}, not {_shown(value)}")
    return value


def _records(name: str, value: Any) -> list[Row]:
    if isinstance(value, dict):
        return _from_object(name, value)
    if not isinstance(value, list):
        raise DataRefused(name, f"holds {_shown(value)} where a list of records was expected")
    for place, row in enumerate(value, 1):
        if not isinstance(row, dict):
            raise DataRefused(
                name,
                f"record {place:,} is {_shown(row)} where an object with fields was expected",
                "Write records as {...}.",
            )
    return value


def _from_object(name: str, value: dict[str, Any]) -> list[Row]:
    """One list a column; or one list of records under some name, as in {"data": [...]}."""
    lists = {key: inner for key, inner in value.items() if isinstance(inner, list)}
    of_records = [
        inner for inner in lists.values() if inner and all(isinstance(row, dict) for row in inner)
    ]
    if len(of_records) == 1:
        return list(of_records[0])
    lengths = {len(inner) for inner in lists.values()}
    if len(lists) == len(value) and len(lengths) == 1:
        return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
    raise DataRefused(
        name,
        "is neither a list of records nor lists of one length for each column",
        'Write [{...}, {...}], or {"column": [...], ...}.',
    )


def _broken(name: str, place: int, line: bytes, error: ValueError) -> DataRefused:
    text = line.decode(errors="replace")
    shown = text if len(text) <= 60 else text[:57] + "..."
    return DataRefused(
        name,
        f"line {place:,} is no JSON record ({error}): {shown!r}",
        "Mend the line, or leave broken lines out (broken = skip).",
    )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
