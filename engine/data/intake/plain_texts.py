"""Plain texts: a row for each line or paragraph, or one for the whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from engine.data.intake.source import Access, Incoming, Options
from engine.data.intake.streams import MOST_LINE, Pieces, Text
from engine.data.library.columns import field_of
from engine.data.library.errors import DataRefused
from engine.data.progress import Progress

_ROWS = 16_384
_SCHEMA = pa.schema([field_of("text", "text")])


class PlainText:
    """A text file as a source of rows."""

    kind = "text"

    def __init__(self, path: Path, access: Access) -> None:
        self._path, self._access = path, access

    def read(self, options: Options, progress: Progress) -> Incoming:
        name = self._path.name
        pieces = Pieces(self._path, progress, f"Reading {name}", self._access.most_bytes)
        text = Text(self._path, pieces, options.encoding)
        rows = {"lines": _lines, "paragraphs": _paragraphs, "document": _document}[options.rows]
        return Incoming(name, self.kind, _SCHEMA, _batches(rows(text)))


def _lines(text: Text) -> Iterator[str]:
    """Every line with something on it, without its end."""
    for _, piece in text:
        for line in piece.decode().splitlines():
            if line.strip():
                yield line


def _paragraphs(text: Text) -> Iterator[str]:
    """What stands between empty lines."""
    lines: list[str] = []
    size = 0
    for _, piece in text:
        for line in piece.decode().splitlines():
            if line.strip():
                lines.append(line)
                size += len(line)
                _refuse_length(text.name, "paragraph", size)
            elif lines:
                yield "\n".join(lines)
                lines, size = [], 0
    if lines:
        yield "\n".join(lines)


def _document(text: Text) -> Iterator[str]:
    found: list[str] = []
    size = 0
    for _, piece in text:
        found.append(piece.decode())
        size += len(piece)
        _refuse_length(text.name, "document", size)
    if size:
        yield "".join(found)


def _refuse_length(name: str, what: str, size: int) -> None:
    if size > MOST_LINE:
        raise DataRefused(
            name,
            f"a {what} is longer than {MOST_LINE / 1024**2:.0f} MB",
            "Take each line as a row (rows = lines).",
        )


def _batches(rows: Iterator[str]) -> Iterator[pa.RecordBatch]:
    """Rows in batches of bounded length and size."""
    held: list[str] = []
    size = 0
    for row in rows:
        held.append(row)
        size += len(row)
        if len(held) >= _ROWS or size >= MOST_LINE:
            yield pa.record_batch([pa.array(held, pa.string())], schema=_SCHEMA)
            held, size = [], 0
    if held:
        yield pa.record_batch([pa.array(held, pa.string())], schema=_SCHEMA)
