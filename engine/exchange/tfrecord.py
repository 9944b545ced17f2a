"""Files of records with checksums, as TensorBoard keeps its events in; read and written.

A record is its length (8 bytes), the checksum of the length, the bytes, and their checksum.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from engine.exchange.crc32c import checksums
from engine.exchange.foreign import Unreadable

_LENGTH, _CHECKSUM = struct.Struct("<Q"), struct.Struct("<I")
_HEAD = _LENGTH.size + _CHECKSUM.size
_AROUND = _HEAD + _CHECKSUM.size
_CHUNK = 4 * 1024**2
LARGEST = 256 * 1024**2
"""Bytes of one record; a longer one is taken for damage."""


class _Batch(NamedTuple):
    """Whole records that lie one after the other, with what stands around them."""

    heads: list[bytes]
    records: list[bytes]
    tails: list[bytes]
    size: int


class Records:
    """The records of a file, in batches, every byte of them checked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.torn_at: int | None = None
        """Where a last record begins that was not written to its end; known after reading."""

    def __iter__(self) -> Iterator[list[bytes]]:
        with self._path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            at = 0
            while at < size:
                batch = self._batch(file, at, size)
                if not batch.records:
                    self._check_head(file, at)
                    self.torn_at = at
                    return
                self._check(batch, at)
                yield batch.records
                at += batch.size

    def _batch(self, file: BinaryIO, at: int, size: int) -> _Batch:
        """The whole records in a chunk from `at` on; none where the file ends before."""
        file.seek(at)
        data = file.read(_CHUNK)
        wanted = _size_of(data, 0)
        if len(data) < wanted <= min(size - at, LARGEST + _AROUND):
            data += file.read(wanted - len(data))
        batch = _Batch([], [], [], 0)
        begin = 0
        while (end := begin + _size_of(data, begin)) <= len(data):
            batch.heads.append(data[begin : begin + _HEAD])
            batch.records.append(data[begin + _HEAD : end - _CHECKSUM.size])
            batch.tails.append(data[end - _CHECKSUM.size : end])
            begin = end
        return batch._replace(size=begin)

    def _check(self, batch: _Batch, at: int) -> None:
        heads = np.frombuffer(b"".join(head[_LENGTH.size :] for head in batch.heads), "<u4")
        wrong = checksums([head[: _LENGTH.size] for head in batch.heads]) != heads
        wrong |= checksums(batch.records) != np.frombuffer(b"".join(batch.tails), "<u4")
        if wrong.any():
            before = batch.records[: int(np.argmax(wrong))]
            raise self._damaged(at + sum(len(record) + _AROUND for record in before))

    def _check_head(self, file: BinaryIO, at: int) -> None:
        """Tell damage from a record whose end was not written: that one's length is right."""
        file.seek(at)
        head = file.read(_HEAD)
        if len(head) == _HEAD:
            right = (
                checksums([head[: _LENGTH.size]])[0] == _CHECKSUM.unpack(head[_LENGTH.size :])[0]
            )
            if not right or _size_of(head, 0) > LARGEST + _AROUND:
                raise self._damaged(at)

    def _damaged(self, at: int) -> Unreadable:
        return Unreadable(
            self._path.name,
            f"the record at byte {at:,} is damaged (its checksum does not fit)",
            "Copy the file again, or leave it out.",
        )


def _size_of(data: bytes, begin: int) -> int:
    """Bytes of the record that begins there, with what stands around it."""
    if begin + _HEAD > len(data):
        return _AROUND
    length: int = _LENGTH.unpack_from(data, begin)[0]
    return length + _AROUND


def framed(records: Sequence[bytes]) -> bytes:
    """The bytes of a file with these records."""
    lengths = [_LENGTH.pack(len(record)) for record in records]
    heads, tails = checksums(lengths).tolist(), checksums(records).tolist()
    parts = zip(lengths, heads, records, tails, strict=True)
    return b"".join(
        length + _CHECKSUM.pack(head) + record + _CHECKSUM.pack(tail)
        for length, head, record, tail in parts
    )
