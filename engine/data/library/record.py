"""What is known about a dataset beside its rows: the file dataset.json."""

from __future__ import annotations

from typing import Literal

from pydantic import JsonValue

from engine.data.library.columns import ColumnType
from engine.data.library.spec import Role
from engine.frozen import Frozen
from engine.task_spec import TaskKind


class Column(Frozen):
    """A column, and what was seen of its values."""

    name: str
    type: ColumnType
    role: Role
    """What it is for: guessed when it was brought in, or as somebody said afterwards."""
    missing: int
    """Rows without a value."""
    distinct: int | None
    """Different values; None for more than were counted, and for lists and images."""
    mean_length: float | None = None
    """Characters of a text, or items of a list."""
    longest: int | None = None
    """Characters of the longest text, or items of the longest list."""
    least: float | None = None
    greatest: float | None = None


class Origin(Frozen):
    """Where a dataset is from. Nothing secret is kept: no user, password or token."""

    kind: str
    """What it was read as: "csv", "json lines", "images", "sql"..."""
    place: str
    """The file, folder, address or generator, as it was named."""
    options: dict[str, JsonValue] = {}
    """How it was read, as far as that was not the usual."""
    source: str = ""
    """Who made it, where that is known."""
    licence: str = ""
    """The licence, where it is known."""


class DatasetRecord(Frozen):
    """The file dataset.json."""

    version: Literal[1] = 1
    fingerprint: str
    name: str
    origin: Origin
    created_at: float
    """Seconds since 1970 (UTC)."""
    rows: int
    bytes: int
    """Of the rows as they lie on the disk."""
    columns: tuple[Column, ...]
    task: TaskKind | None
    """The task that it seems to be for."""
    notes: tuple[str, ...] = ()
    """What was left out or looked odd while it was read, in words."""
    parent: str | None = None
    """The fingerprint of the dataset that this one was made from."""
    change: dict[str, JsonValue] = {}
    """What was changed of the parent's rows."""
