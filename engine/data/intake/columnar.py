"""Parquet and Arrow files, and tables of any Arrow types as our few plain ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.data.intake.cells import distinct_names
from engine.data.intake.source import Access, Incoming, Options
from engine.data.library.columns import ARROW, ColumnType, field_of
from engine.data.library.errors import DataRefused
from engine.data.progress import Progress

_ROWS = 8_192


class ParquetFile:
    """A Parquet file as a source of rows."""

    kind = "parquet"

    def __init__(self, path: Path, access: Access) -> None:
        self._path = path

    def read(self, options: Options, progress: Progress) -> Incoming:
        name = self._path.name
        try:
            file = pq.ParquetFile(self._path)
        except (pa.ArrowException, OSError) as error:
            raise DataRefused(name, f"is no Parquet file ({error})") from None
        schema = file.schema_arrow

        def batches() -> Iterator[pa.RecordBatch]:
            done = 0
            for batch in file.iter_batches(batch_size=_ROWS, use_threads=False):
                yield batch
                done += len(batch)
                progress(f"Reading {name}", done, file.metadata.num_rows)

        return plain(name, self.kind, schema, batches)


class ArrowFile:
    """An Arrow or Feather file, or a stream of Arrow batches, as a source of rows."""

    kind = "arrow"

    def __init__(self, path: Path, access: Access) -> None:
        self._path = path

    def read(self, options: Options, progress: Progress) -> Incoming:
        name = self._path.name
        schema, batches = arrow_batches(self._path)

        def told() -> Iterator[pa.RecordBatch]:
            done = 0
            for batch in batches():
                for start in range(0, len(batch), _ROWS):
                    yield batch.slice(start, _ROWS)
                done += len(batch)
                progress(f"Reading {name}", done, None)

        return plain(name, self.kind, schema, told)


def arrow_batches(path: Path) -> tuple[pa.Schema, Callable[[], Iterator[pa.RecordBatch]]]:
    """The batches of a file or a stream of them, memory-mapped.

    Raises:
        DataRefused: when it is neither.
    """
    with path.open("rb") as file:
        is_file = file.read(6) == b"ARROW1"
    try:
        source = pa.memory_map(str(path))
        if is_file:
            reader = pa.ipc.open_file(source)
            count = reader.num_record_batches
            return reader.schema, lambda: (reader.get_batch(place) for place in range(count))
        stream = pa.ipc.open_stream(source)
        return stream.schema, lambda: iter(stream)
    except (pa.ArrowException, OSError) as error:
        raise DataRefused(path.name, f"is no Arrow file ({error})") from None


def plain(
    name: str,
    kind: str,
    schema: pa.Schema,
    batches: Callable[[], Iterator[pa.RecordBatch]],
    classes: Mapping[str, Sequence[str]] | None = None,
) -> Incoming:
    """Batches of any Arrow types as such of our types; ``classes``: names of what some columns
    number."""
    named = classes or {}
    types = ["text" if field.name in named else _type_of(field) for field in schema]
    names = distinct_names(schema.names)
    target = pa.schema([field_of(name, type) for name, type in zip(names, types, strict=True)])

    def converted() -> Iterator[pa.RecordBatch]:
        row = 0
        try:
            for batch in batches():
                columns = [
                    _converted(values, type, named.get(field.name))
                    for field, values, type in zip(schema, batch.columns, types, strict=True)
                ]
                yield pa.record_batch(columns, schema=target)
                row += len(batch)
        except pa.ArrowException as error:
            raise DataRefused(name, f"cannot be read behind row {row:,} ({error})") from None

    return Incoming(name, kind, target, converted())


def _type_of(field: pa.Field) -> ColumnType:
    type = field.type
    if _is_image(type):
        return "image"
    if pa.types.is_dictionary(type):
        type = type.value_type
    for fits, found in _TYPES:
        if fits(type):
            return found
    if _is_list(type):
        inner = _type_of(pa.field("", type.value_type))
        return _LISTS.get(inner, "text")
    return "text"


def _is_image(type: pa.DataType) -> bool:
    """How Hugging Face's datasets keep images: their bytes beside their path."""
    if not pa.types.is_struct(type):
        return False
    names = {type.field(place).name for place in range(type.num_fields)}
    return names == {"bytes", "path"} and bool(pa.types.is_binary(type.field("bytes").type))


def _is_list(type: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(type) or pa.types.is_large_list(type) or pa.types.is_fixed_size_list(type)
    )


_TYPES: list[tuple[Callable[[pa.DataType], bool], ColumnType]] = [
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_integer, "integer"),
    (pa.types.is_floating, "number"),
    (pa.types.is_decimal, "number"),
    (pa.types.is_string, "text"),
    (pa.types.is_large_string, "text"),
    (pa.types.is_timestamp, "time"),
    (pa.types.is_date, "time"),
    (pa.types.is_binary, "bytes"),
    (pa.types.is_large_binary, "bytes"),
    (pa.types.is_null, "text"),
]
_LISTS: dict[ColumnType, ColumnType] = {
    "text": "list of texts",
    "integer": "list of integers",
    "number": "list of numbers",
}


def _converted(values: Any, type: ColumnType, classes: Sequence[str] | None) -> Any:
    if classes is not None:
        return _named(values, classes)
    if type == "image" and pa.types.is_struct(values.type):
        values = pc.struct_field(values, "bytes")
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_nested(values.type) and type == "text":
        texts = [None if v is None else json.dumps(v, default=str) for v in values.to_pylist()]
        return pa.array(texts, pa.string())
    if pa.types.is_timestamp(values.type) and values.type.tz is not None:
        values = pc.cast(values, pa.timestamp(values.type.unit))  # the moment in UTC
    try:
        return pc.cast(values, ARROW[type], safe=type != "time")
    except pa.ArrowNotImplementedError:
        return pa.array([None if v is None else str(v) for v in values.to_pylist()], pa.string())


def _named(values: Any, classes: Sequence[str]) -> Any:
    """Numbers of classes as their names; -1 stands for none."""
    numbers = pc.cast(values, pa.int64())
    known = pc.and_(pc.greater_equal(numbers, 0), pc.less(numbers, len(classes)))
    places = pc.if_else(known, numbers, pa.scalar(None, pa.int64()))
    return pc.take(pa.array(classes, pa.string()), places)
