"""The fingerprint of rows: SHA-256 of their columns and values, however they are cut or stored."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.data.library.columns import type_of


class Fingerprint:
    """Is fed with batches of rows; the order of rows and columns counts, that of batches not."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._columns = [_Column(field.type) for field in schema]

    def feed(self, batch: pa.RecordBatch) -> None:
        """The next rows."""
        for column, values in zip(self._columns, batch.columns, strict=True):
            column.feed(values)

    def hexdigest(self) -> str:
        """Of all rows so far."""
        whole = hashlib.sha256()
        for field, column in zip(self._schema, self._columns, strict=True):
            for part in (field.name.encode(), type_of(field).encode(), column.digest()):
                whole.update(len(part).to_bytes(8, "big"))
                whole.update(part)
        return whole.hexdigest()


class _Column:
    """Which values are there, how long each is, and what they are: a hash for each of these, so
    that it makes no difference where one batch ends."""

    def __init__(self, type: pa.DataType) -> None:
        self._there, self._lengths, self._data = (hashlib.sha256() for _ in range(3))
        self._inner = _Column(type.value_type) if pa.types.is_list(type) else None

    def feed(self, values: Any) -> None:
        self._there.update(_bytes_of(pc.cast(pc.is_valid(values), pa.uint8())))
        if self._inner is not None:
            self._lengths.update(_bytes_of(pc.fill_null(pc.list_value_length(values), 0)))
            self._inner.feed(values.flatten())
        elif pa.types.is_string(values.type) or pa.types.is_binary(values.type):
            self._lengths.update(_bytes_of(pc.fill_null(pc.binary_length(values), 0)))
            self._data.update(_text_of(values))
        else:
            self._data.update(_bytes_of(_fixed(values)))

    def digest(self) -> bytes:
        inner = b"" if self._inner is None else self._inner.digest()
        parts = (self._there.digest(), self._lengths.digest(), self._data.digest(), inner)
        return hashlib.sha256(b"".join(parts)).digest()


def _fixed(values: Any) -> Any:
    """Values of one size each, missing ones zero."""
    if pa.types.is_boolean(values.type):
        values = pc.cast(values, pa.uint8())
    elif pa.types.is_timestamp(values.type):
        values = pc.cast(values, pa.int64())
    return pc.fill_null(values, 0)


def _bytes_of(values: Any) -> memoryview:
    array: Any = np.ascontiguousarray(values.to_numpy(zero_copy_only=False))
    return memoryview(array.astype(array.dtype.newbyteorder("<"), copy=False)).cast("B")


def _text_of(values: Any) -> memoryview:
    """The bytes of all texts behind one another, which is how Arrow keeps them."""
    if values.null_count:
        values = pc.fill_null(values, b"" if pa.types.is_binary(values.type) else "")
    _, offsets, data = values.buffers()
    if data is None or not len(values):
        return memoryview(b"")
    edges = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values) + 1]
    return memoryview(data)[int(edges[0]) : int(edges[-1])]
