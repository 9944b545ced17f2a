"""Protocol buffers without a schema: the numbered fields of a message, as they come."""

from __future__ import annotations

import struct
from collections.abc import Iterator

Value = int | float | bytes
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5


class NotAMessage(ValueError):
    """Bytes that are no message."""


def fields(message: bytes) -> Iterator[tuple[int, Value]]:
    """(number, value) of each field; a message or text inside is given as bytes.

    Raises:
        NotAMessage: when the bytes do not fit the format.
    """
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield tag >> 3, value
            continue
        size = {_EIGHT: 8, _FOUR: 4}.get(kind)
        if kind == _BYTES:
            size, at = _varint(message, at)
        if size is None or at + size > len(message):
            raise NotAMessage(f"at byte {at}")
        part, at = message[at : at + size], at + size
        yield tag >> 3, struct.unpack("<d", part)[0] if kind == _EIGHT else part


def signed(value: int) -> int:
    """A varint as the 64-bit number that it was written from."""
    return value - (1 << 64) if value >= 1 << 63 else value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < 70:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
    raise NotAMessage(f"at byte {at}")
