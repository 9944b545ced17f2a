"""What every source of rows gives, and how people say that it is to be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import pyarrow as pa
from pydantic import field_validator

from engine.data.progress import Progress
from engine.frozen import Frozen, knob

MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "?", "-")
"""What stands for a value that is missing among numbers and times; a text is missing if empty."""
GB = 1024**3


class Options(Frozen):
    """How a source is read; None is found out."""

    format: Literal["txt", "csv", "json", "jsonl", "parquet", "arrow", "numpy", "images"] | None = (
        knob(None, "Format")
    )
    """What kind of file it is."""
    encoding: str | None = knob(None, "Encoding")
    """How letters are written, such as utf-8 or cp1252; None is UTF-8, or what the file says."""
    rows: Literal["lines", "paragraphs", "document"] = knob("lines", "Rows of a text")
    """What one row of a plain text is."""
    delimiter: str | None = knob(None, "Delimiter")
    """Of CSV: what stands between two values."""
    quote: str | None = knob(None, "Quote")
    """Of CSV: what stands around values; empty for nothing."""
    header: bool | None = knob(None, "Header")
    """Of CSV: whether the first row names the columns."""
    missing: tuple[str, ...] = knob(MISSING, "Missing values")
    """Of CSV: what stands for a missing number."""
    ragged: Literal["stop", "skip"] = knob("stop", "Rows with too few or too many values")
    """Of CSV: whether such a row is refused, or left out and counted."""
    broken: Literal["stop", "skip"] = knob("stop", "Broken lines and images")
    """Of JSON lines and images: whether a broken one is refused, or left out and counted."""
    mixed: Literal["stop", "text"] = knob("stop", "Numbers and texts in one column")
    """Whether a column of mostly numbers with some texts is refused, or taken as texts."""

    @field_validator("delimiter", "quote", mode="before")
    @classmethod
    def _is_one_letter(cls, mark: object) -> object:
        if mark == "\\t":
            return "\t"
        if isinstance(mark, str) and (len(mark) > 1 or mark in ("\n", "\r", "\0")):
            raise ValueError(f"{mark!r} is not one letter, such as ';' (\\t is a tab).")
        return mark

    @field_validator("delimiter")
    @classmethod
    def _parts(cls, delimiter: str | None) -> str | None:
        if delimiter == "":
            raise ValueError("something must stand between two values.")
        return delimiter


@dataclass
class Incoming:
    """Rows that are being read: they can be gone through once."""

    name: str
    """How messages call it."""
    kind: str
    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    notes: list[str] = field(default_factory=list)
    """What was left out or looked odd; it is whole when the rows are through."""
    source: str = ""
    licence: str = ""


class Source(Protocol):
    """Something that rows can be read from."""

    @property
    def name(self) -> str:
        """A short name, to be shown."""

    @property
    def place(self) -> str:
        """Where it is, without anything secret."""

    def read(self, options: Options, progress: Progress) -> Incoming:
        """Begin to read it.

        Raises:
            DataRefused: for data that cannot be read as it was asked for; so may the batches.
        """


@dataclass(frozen=True, slots=True)
class Access:
    """What people who use this server may read."""

    roots: tuple[Path, ...] | None = None
    """Folders that files must lie in; None for all that the server can read."""
    most_bytes: int = 64 * GB
    """Of one source, when it is unpacked."""
    network: bool = True
    """Whether databases and hubs may be asked."""


def in_bytes(count: int) -> str:
    """A number of bytes as people say it."""
    for unit, size in (("GB", 1024**3), ("MB", 1024**2), ("kB", 1024)):
        if count >= size:
            return f"{count / size:,.3g} {unit}"
    return f"{count} bytes"
