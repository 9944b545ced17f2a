"""Writing files so that a reader, or a crash, never meets half of one."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def write_whole(path: Path, content: str | bytes, *, durable: bool = False) -> None:
    """Replace a file so that a reader sees the old content or the new, never half.

    With `durable` the content is on the disk before the old one is gone.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    data = content.encode() if isinstance(content, str) else content
    try:
        write_new(part, data, durable=durable)
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def write_new(path: Path, data: bytes, *, durable: bool) -> None:
    """Write a file from its beginning, without a buffer that a full disk would leave behind.

    Raises:
        OSError: when it does not fit; the file may be there, empty.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        append_whole(handle, data, 0)
        if durable:
            os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Put a folder's own entries (creations, renames) on the disk."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def append_whole(handle: int, data: bytes, size: int) -> int:
    """Append `data` to a file of `size` bytes and return the new size; all of it or nothing.

    Raises:
        OSError: when the disk is full or broken; the file has its old size again.
    """
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(handle, view) :]
    except OSError:
        os.ftruncate(handle, size)
        raise
    return size + len(data)


def append_line(path: Path, document: Mapping[str, Any]) -> None:
    """Append one JSON object as one line; a torn last line is cut first.

    Several threads and processes may do so at once: one waits for the other.
    """
    line = json.dumps(document, separators=(",", ":"), ensure_ascii=False) + "\n"
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(handle)  # until it is closed
        size = _whole_lines(handle)
        os.ftruncate(handle, size)
        os.lseek(handle, size, os.SEEK_SET)
        append_whole(handle, line.encode(), size)
    finally:
        os.close(handle)


def read_lines(path: Path, offset: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each whole line from `offset` on as (offset behind it, object); a torn tail is left out.

    A damaged line in the middle is given as `{"kind": "damaged", "text": ...}`.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read()
    except FileNotFoundError:
        return
    yield from lines_in(data, offset)


def lines_in(data: bytes, offset: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each whole line of what stands at `offset` of a file, as `read_lines` gives it."""
    for line in data.split(b"\n")[:-1]:  # behind the last line end is nothing, or a torn tail
        offset += len(line) + 1
        yield offset, _object(line)


def _lock(handle: int) -> None:
    """Wait until nobody else has the file locked."""
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX)


def _object(line: bytes) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except ValueError:
        document = None
    if isinstance(document, dict):
        return document
    return {"kind": "damaged", "text": line.decode(errors="replace").strip()}


def _whole_lines(handle: int, chunk: int = 65_536) -> int:
    """Size of the file up to and with its last line end."""
    end = os.lseek(handle, 0, os.SEEK_END)
    while end > 0:
        start = max(0, end - chunk)
        os.lseek(handle, start, os.SEEK_SET)
        newline = os.read(handle, end - start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0
