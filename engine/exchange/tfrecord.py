"""Files of records with checksums, as TensorBoard keeps its events in; read and written.

A record is its length (8 bytes), the checksum of the length, the bytes, and their checksum. The
checksums of many records of one length are computed at once, which takes a fraction of the time.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from engine.exchange.foreign import Unreadable

_HEADER, _CHECKSUM = struct.Struct("<QI"), struct.Struct("<I")
_AROUND = _HEADER.size + _CHECKSUM.size
_CHUNK = 4 * 1024**2
LARGEST = 512 * 1024**2
"""Bytes of one record; a longer one is taken for damage."""
_POLYNOMIAL = 0x82F63B78
_MASK = 0xA282EAD8


def _table() -> NDArray[np.uint32]:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = (table >> np.uint32(1)) ^ (table & np.uint32(1)) * np.uint32(_POLYNOMIAL)
    return table


_TABLE = _table()


def checksums(rows: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """The masked CRC-32C of each row."""
    crc = np.full(len(rows), 0xFFFFFFFF, np.uint32)
    for column in np.ascontiguousarray(rows.T):
        crc = _TABLE[(crc ^ column) & np.uint32(0xFF)] ^ (crc >> np.uint32(8))
    crc = ~crc
    return ((crc >> np.uint32(15)) | (crc << np.uint32(17))) + np.uint32(_MASK)


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
                batch, behind = self._batch(file, at, size)
                if batch:
                    self._check(batch, at)
                    yield [record for _, record, _ in batch]
                if behind == at:
                    self.torn_at = at
                    return
                at = behind

    def _batch(self, file: BinaryIO, at: int, size: int) -> tuple[list[_Framed], int]:
        """The whole records in a chunk from `at` on, and where the next one begins."""
        file.seek(at)
        data = file.read(_CHUNK)
        wanted = self._length(data, 0, at) + _AROUND if len(data) >= _HEADER.size else 0
        if wanted > len(data) and at + wanted <= size:
            data += file.read(wanted - len(data))
        batch: list[_Framed] = []
        behind = 0
        while behind + _HEADER.size <= len(data):
            length = self._length(data, behind, at)
            end = behind + _AROUND + length
            if end > len(data):
                break
            begin = behind + _HEADER.size
            batch.append((data[behind:begin], data[begin : end - 4], data[end - 4 : end]))
            behind = end
        return batch, at + behind

    def _length(self, data: bytes, offset: int, at: int) -> int:
        length: int = _HEADER.unpack_from(data, offset)[0]
        if length > LARGEST:
            raise self._damaged(at + offset)
        return length

    def _check(self, batch: Sequence[_Framed], at: int) -> None:
        heads = np.frombuffer(b"".join(head for head, _, _ in batch), np.uint8).reshape(-1, 12)
        wrong = checksums(heads[:, :8]) != np.ascontiguousarray(heads[:, 8:]).view("<u4").ravel()
        lengths = np.array([len(record) for _, record, _ in batch])
        tails = np.frombuffer(b"".join(tail for _, _, tail in batch), "<u4")
        for length in np.unique(lengths):
            rows = np.flatnonzero(lengths == length).tolist()
            joined = b"".join(batch[row][1] for row in rows)
            found = checksums(np.frombuffer(joined, np.uint8).reshape(len(rows), int(length)))
            wrong[rows] |= found != tails[rows]
        if wrong.any():
            first = int(np.argmax(wrong))
            raise self._damaged(at + int((lengths[:first] + _AROUND).sum()))

    def _damaged(self, at: int) -> Unreadable:
        return Unreadable(
            self._path.name,
            f"the record at byte {at:,} is damaged (its checksum does not fit)",
            "Copy the file again, or leave it out.",
        )


_Framed = tuple[bytes, bytes, bytes]


def framed(records: Sequence[bytes]) -> bytes:
    """The bytes of a file with these records."""
    lengths = np.array([len(record) for record in records], "<u8")
    heads = checksums(np.ascontiguousarray(lengths).view(np.uint8).reshape(-1, 8))
    tails = np.empty(len(records), np.uint32)
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length).tolist()
        joined = b"".join(records[row] for row in rows)
        tails[rows] = checksums(np.frombuffer(joined, np.uint8).reshape(len(rows), int(length)))
    parts = zip(lengths.tolist(), heads.tolist(), records, tails.tolist(), strict=True)
    return b"".join(
        _HEADER.pack(length, head) + record + _CHECKSUM.pack(tail)
        for length, head, record, tail in parts
    )
