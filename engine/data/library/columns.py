"""Types of columns: a few plain ones that every source is brought to."""

from __future__ import annotations

from typing import Literal

import pyarrow as pa

ColumnType = Literal[
    "integer",
    "number",
    "boolean",
    "text",
    "time",
    "image",
    "bytes",
    "list of texts",
    "list of integers",
    "list of numbers",
]

ARROW: dict[ColumnType, pa.DataType] = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "text": pa.string(),
    "time": pa.timestamp("us"),
    "image": pa.binary(),
    "bytes": pa.binary(),
    "list of texts": pa.list_(pa.string()),
    "list of integers": pa.list_(pa.int64()),
    "list of numbers": pa.list_(pa.float64()),
}
"""How each type lies on the disk."""
_IMAGE = {b"traindeck": b"image"}
"""Metadata of a field whose bytes are an image."""


def field_of(name: str, type: ColumnType) -> pa.Field:
    """The Arrow field of a column."""
    return pa.field(name, ARROW[type], metadata=_IMAGE if type == "image" else None)


def type_of(field: pa.Field) -> ColumnType:
    """The type of a column that was written by us."""
    if field.type == pa.binary():
        return "image" if (field.metadata or {}) == _IMAGE else "bytes"
    return next(name for name, type in ARROW.items() if type == field.type)
