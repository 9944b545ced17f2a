"""The checksums of TensorBoard's files, CRC-32C, of very many records at once.

Without its usual beginning the checksum is linear, and zeros in front of a record change nothing.
So records of all lengths are padded to one width, cut into short pieces that are summed side by
side, and the sums of the pieces are put together pairwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Sums = NDArray[np.uint32]

_POLYNOMIAL, _ONES, _MASK = np.uint32(0x82F63B78), np.uint32(0xFFFFFFFF), np.uint32(0xA282EAD8)
_BYTE = np.uint32(0xFF)
_PIECE = 32
"""Bytes that are summed one after the other; the pieces double from there on."""
_AT_ONCE = 16 * 1024**2


def checksums(records: Sequence[bytes]) -> Sums:
    """The masked checksum of each record."""
    found = np.empty(len(records), np.uint32)
    lengths = np.array([len(record) for record in records], np.int64)
    widths = _PIECE << np.ceil(np.log2(np.maximum(lengths, _PIECE) / _PIECE)).astype(np.int64)
    for width in np.unique(widths).tolist():
        rows = np.flatnonzero(widths == width)
        step = max(1, _AT_ONCE // width)
        for begin in range(0, len(rows), step):
            part = rows[begin : begin + step]
            found[part] = _of_width([records[row] for row in part.tolist()], lengths[part], width)
    return ((found >> np.uint32(15)) | (found << np.uint32(17))) + _MASK


def _of_width(records: Sequence[bytes], lengths: NDArray[np.int64], width: int) -> Sums:
    padded = b"".join(record.rjust(width, b"\0") for record in records)
    sums = _linear(np.frombuffer(padded, np.uint8).reshape(-1, _PIECE))
    size = _PIECE
    while size < width:
        sums = _advanced(sums[0::2], size) ^ sums[1::2]
        size *= 2
    return ~(sums ^ _beginnings(lengths))


def _linear(pieces: NDArray[np.uint8]) -> Sums:
    """The checksum of each piece when it begins with zero."""
    table, sums = _table(), np.zeros(len(pieces), np.uint32)
    for column in np.ascontiguousarray(pieces.T):
        sums = table[(sums ^ column) & _BYTE] ^ (sums >> np.uint32(8))
    return sums


def _beginnings(lengths: NDArray[np.int64]) -> Sums:
    """What a beginning of ones, and not zeros, adds to the checksum of so many bytes."""
    known = {length: _beginning(length) for length in np.unique(lengths).tolist()}
    return np.array([known[length] for length in lengths.tolist()], np.uint32)


@lru_cache(maxsize=4096)
def _beginning(length: int) -> int:
    sums, size = np.array([_ONES]), 1
    while length:
        if length & 1:
            sums = _advanced(sums, size)
        length >>= 1
        size *= 2
    return int(sums[0])


def _advanced(sums: Sums, size: int) -> Sums:
    """The checksums after so many zeros; a power of two."""
    parts = _zeros(size)
    found: Sums = parts[0][sums & _BYTE]
    for number in (1, 2, 3):
        found = found ^ parts[number][(sums >> np.uint32(8 * number)) & _BYTE]
    return found


@lru_cache(maxsize=64)
def _zeros(size: int) -> tuple[Sums, ...]:
    """What so many zeros make of each value of each byte of a checksum."""
    values = [np.arange(256, dtype=np.uint32) << np.uint32(8 * number) for number in range(4)]
    if size == 1:
        table = _table()
        return tuple(table[part & _BYTE] ^ (part >> np.uint32(8)) for part in values)
    return tuple(_advanced(_advanced(part, size // 2), size // 2) for part in values)


@lru_cache(maxsize=1)
def _table() -> Sums:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = (table >> np.uint32(1)) ^ (table & np.uint32(1)) * _POLYNOMIAL
    return table
