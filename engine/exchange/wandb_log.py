"""The log file of a W&B run, `run-*.wandb`: records in blocks, each with a checksum.

Read here without the wandb package, whose own reader is a program that only talks to its server.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from engine.exchange.foreign import Unreadable

IDENT = b":W&B"
_IDENT_BYTES, _BLOCK = 7, 32_768
_HEADER = struct.Struct("<IHB")
_WHOLE, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_KINDS = {kind: zlib.crc32(bytes([kind])) for kind in (_WHOLE, _FIRST, _MIDDLE, _LAST)}
LARGEST = 512 * 1024**2
"""Bytes of one record; a longer one is taken for damage."""


class LogRecords:
    """The records of a log, one after the other."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.torn = False
        """Whether the last record was not written to its end; known after reading."""

    def __iter__(self) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            if file.read(_IDENT_BYTES)[:4] != IDENT:
                raise Unreadable(self._path.name, "this is not the log of a W&B run")
            at, parts, length = _IDENT_BYTES, list[bytes](), 0
            while block := file.read(_BLOCK - at % _BLOCK):
                for kind, data in self._pieces(block, at):
                    parts = [data] if kind in (_WHOLE, _FIRST) else [*parts, data]
                    length = sum(map(len, parts))
                    if length > LARGEST:
                        raise self._damaged(at)
                    if kind in (_WHOLE, _LAST):
                        yield b"".join(parts)
                        parts = []
                at += len(block)
            self.torn = self.torn or bool(parts)

    def _pieces(self, block: bytes, at: int) -> Iterator[tuple[int, bytes]]:
        """The pieces of records in one block; fewer bytes than a header at its end are padding."""
        offset, full = 0, (at + len(block)) % _BLOCK == 0
        while offset + _HEADER.size <= len(block):
            found, length, kind = _HEADER.unpack_from(block, offset)
            if not kind and not length and not any(block[offset:]):
                return
            data = block[offset + _HEADER.size : offset + _HEADER.size + length]
            if len(data) < length and not full:
                self.torn = True
                return
            if kind not in _KINDS or zlib.crc32(data, _KINDS[kind]) != found:
                raise self._damaged(at + offset)
            yield kind, data
            offset += _HEADER.size + length
        self.torn = self.torn or (offset < len(block) and not full)

    def _damaged(self, at: int) -> Unreadable:
        return Unreadable(
            self._path.name,
            f"the record at byte {at:,} is damaged (its checksum does not fit)",
            "Copy the file again, or leave it out.",
        )
