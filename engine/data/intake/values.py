"""Rows of plain values, as JSON and databases give them: what each column is, and its values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal

import pyarrow as pa

from engine.data.intake.cells import distinct_names
from engine.data.library.columns import ARROW, ColumnType, field_of
from engine.data.library.errors import DataRefused

Row = Mapping[str, Any]
Numbered = Iterable[tuple[int, Row]]
"""Rows, each after its number or line."""
MOST_COLUMNS = 5_000
_ROWS, _BYTES = 16_384, 16 * 1024**2
_WHOLE = range(-(2**63), 2**63)
Kind = Literal[
    "boolean", "integer", "number", "text", "time", "bytes", "words", "integers", "numbers", "json"
]
_TYPES: dict[Kind, ColumnType] = {
    "boolean": "boolean",
    "integer": "integer",
    "number": "number",
    "text": "text",
    "time": "time",
    "bytes": "bytes",
    "words": "list of texts",
    "integers": "list of integers",
    "numbers": "list of numbers",
    "json": "text",
}
_OF_LISTS: set[Kind] = {"words", "integers", "numbers", "json"}
_KINDS: tuple[tuple[Any, Kind], ...] = (
    (bool, "boolean"),
    (float | Decimal, "number"),
    (str, "text"),
    (date, "time"),
    (bytes | memoryview, "bytes"),
)
_LISTS: dict[frozenset[type], Kind] = {
    frozenset({str}): "words",
    frozenset({int}): "integers",
    frozenset({float}): "numbers",
    frozenset({int, float}): "numbers",
}
_WIDER: dict[frozenset[Kind], Kind] = {
    frozenset({"integer", "number"}): "number",
    frozenset({"integers", "numbers"}): "numbers",
    frozenset({"integers", "words", "numbers"}): "json",
}
"""Kinds that one kind holds all of; any others in one column are mixed."""


class Columns:
    """The columns of rows, as far as they were seen."""

    def __init__(self, name: str, where: str) -> None:
        self._name, self._where = name, where
        self._kinds: dict[str, dict[Kind, tuple[int, int]]] = {}
        """Column -> each kind with its count and where it was first."""
        self._empty: dict[str, tuple[int, int]] = {}
        """Column -> how many lists without items, which go with all lists, and the first."""

    def feed(self, place: int, row: Row) -> None:
        """The next row."""
        for column, value in row.items():
            kinds = self._kinds.setdefault(column, {})
            if value is None:
                continue
            if value == []:
                count, first = self._empty.get(column, (0, place))
                self._empty[column] = count + 1, first
                continue
            kind = kind_of(value)
            count, first = kinds.get(kind, (0, place))
            kinds[kind] = count + 1, first
        if len(self._kinds) > MOST_COLUMNS:
            raise DataRefused(
                self._name,
                f"has more than {MOST_COLUMNS:,} columns by {self._where} {place:,}",
                "Are the keys of the records values? Turn them into rows.",
            )

    def kinds(self, mixed: str) -> dict[str, Kind]:
        """Each column and what it is.

        Raises:
            DataRefused: for columns of values that do not go together.
        """
        return {name: self._kind(name, kinds, mixed) for name, kinds in self._kinds.items()}

    def _kind(self, column: str, kinds: dict[Kind, tuple[int, int]], mixed: str) -> Kind:
        if column in self._empty and not kinds.keys() & _OF_LISTS:
            kinds = {**kinds, "json": self._empty[column]}
        if len(kinds) < 2:
            return next(iter(kinds), "text")
        wider = _WIDER.get(frozenset(kinds))
        if wider is not None:
            return wider
        if mixed == "stop":
            told = ", ".join(
                f"{count:,} × {kind} (the first in {self._where} {first:,})"
                for kind, (count, first) in sorted(kinds.items(), key=lambda item: item[1][1])
            )
            raise DataRefused(
                f"{self._name}, column {column!r}",
                f"has values of several types: {told}",
                "Mend them, or take the column as texts (mixed = text).",
            )
        return "json" if kinds.keys() & _OF_LISTS else "text"


def kind_of(value: Any) -> Kind:
    """What a value is."""
    if type(value) is int:
        return "integer" if value in _WHOLE else "number"
    if isinstance(value, list):
        inner = frozenset(map(type, value)) - {type(None)}
        return _LISTS.get(inner, "json")
    return next((kind for type_, kind in _KINDS if isinstance(value, type_)), "json")


def typed_rows(
    kinds: Mapping[str, Kind], rows: Callable[[], Numbered]
) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Rows as batches of bounded size."""
    names = distinct_names(list(kinds))
    fields = [
        field_of(name, _TYPES[kind]) for name, kind in zip(names, kinds.values(), strict=True)
    ]
    schema = pa.schema(fields)

    def batches() -> Iterator[pa.RecordBatch]:
        held: list[Row] = []
        size = 0
        for _, row in rows():
            held.append(row)
            size += sum(len(v) for v in row.values() if isinstance(v, str | bytes | list))
            if len(held) >= _ROWS or size >= _BYTES:
                yield _batch(held, kinds, schema)
                held, size = [], 0
        if held:
            yield _batch(held, kinds, schema)

    return schema, batches()


def _batch(rows: list[Row], kinds: Mapping[str, Kind], schema: pa.Schema) -> pa.RecordBatch:
    columns = []
    for name, kind in kinds.items():
        convert = _CONVERT.get(kind)
        values = [row.get(name) for row in rows]
        if convert is not None:
            values = [None if value is None else convert(value) for value in values]
        columns.append(pa.array(values, ARROW[_TYPES[kind]]))
    return pa.record_batch(columns, schema=schema)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _as_moment(value: date) -> datetime:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None) if value.tzinfo is None else _in_utc(value)
    return datetime(value.year, value.month, value.day)


def _in_utc(value: datetime) -> datetime:
    return value.astimezone(UTC).replace(tzinfo=None)


_CONVERT: dict[Kind, Callable[[Any], Any]] = {
    "number": float,
    "text": _as_text,
    "json": lambda value: json.dumps(value, default=str, ensure_ascii=False),
    "time": _as_moment,
    "bytes": bytes,
    "numbers": lambda values: [None if value is None else float(value) for value in values],
}
