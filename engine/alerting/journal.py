"""The journal of fired alerts: once an alert stands in it, it has happened, and only once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from engine.alerting.rule import Channel
from engine.alerting.rule_book import FOLDER
from engine.errors import BadInput
from engine.frozen import Frozen
from engine.runs.files import append_line, lines_in, write_whole

LARGE = 4_000_000
"""Bytes from which on the journal is trimmed."""
KEPT = 2_000
"""The newest alerts, which no trimming touches."""
_TAIL_BYTES = 262_144
_TRIMMED = b'{"kind":"trimmed",'


class Fired(Frozen):
    """One alert: what was found by which rule in which run, and what it says."""

    model_config = {"allow_inf_nan": True, "ser_json_inf_nan": "constants", "extra": "ignore"}

    id: str
    rule: str
    """Id of the rule."""
    revision: int
    name: str
    """Name of the rule when it fired."""
    run: str
    run_name: str
    metric: str | None = None
    value: float | None = None
    bound: float | None = None
    step: int
    time: float
    """When what fired it happened, seconds since 1970 (UTC)."""
    found_at: float
    """When it was found: later, where nobody watched in between."""
    text: str
    channels: tuple[Channel, ...] = ("app",)


def id_of(*what: object) -> str:
    """The same crossing has the same id, however often it is judged."""
    return hashlib.blake2b(json.dumps(what).encode(), digest_size=8).hexdigest()


class _Head(NamedTuple):
    """The first line of a journal that was trimmed: what the offsets of its readers mean now."""

    size: int = 0
    """Bytes of the line itself."""
    kept: int = 0
    """Bytes behind it with older alerts that are still needed."""
    base: int = 0
    """The offset of what stands behind those, as if nothing had ever been taken out."""

    @classmethod
    def of(cls, file: BinaryIO) -> _Head:
        """That of a file; the file is then read on behind it."""
        line = file.readline()
        if line.startswith(_TRIMMED):
            try:
                told = json.loads(line)
                return cls(len(line), int(told["kept"]), int(told["base"]))
            except (ValueError, KeyError, TypeError):
                pass  # somebody damaged it: read from its beginning, as any other line
        file.seek(0)
        return cls()


class Journal:
    """`.alerts/fired.jsonl`: one line an alert, only appended to, and trimmed when it is large.

    Offsets count the bytes of all that was ever appended, so they outlast a trimming. Whoever
    appends and trims holds the watcher's lock; whoever reads needs none.
    """

    def __init__(self, root: Path) -> None:
        self.path = root / FOLDER / "fired.jsonl"
        self._trimmed_to = 0

    def append(self, fired: Fired) -> None:
        """Write an alert down.

        Raises:
            OSError: when the disk is full; it has not happened then.
        """
        append_line(self.path, json.loads(fired.model_dump_json()))

    def read(self, offset: int = 0) -> tuple[list[tuple[int, Fired]], int]:
        """Alerts behind a byte offset, each with the offset behind it; and the offset to go on."""
        found: list[tuple[int, Fired]] = []
        for behind, line in self._lines(offset):
            offset = behind
            fired = _parsed(line)
            if fired is not None:
                found.append((behind, fired))
        return found, offset

    def size(self) -> int:
        """The offset of what will be appended."""
        try:
            with self.path.open("rb") as file:
                head = _Head.of(file)
                return head.base + os.fstat(file.fileno()).st_size - head.size - head.kept
        except FileNotFoundError:
            return 0

    def newest(self, most: int) -> Sequence[Fired]:
        """The newest alerts, newest first."""
        offset = max(0, self.size() - _TAIL_BYTES)
        found = [fired for _, fired in self.read(offset)[0]]  # the first may be half a line: none
        return found[::-1][:most]

    def trim(self, until: int, is_needed: Callable[[Fired], bool]) -> None:
        """Take old alerts out of a large journal, except those needed to tell nothing twice.

        What stands behind the offset `until`, which somebody has still to read, stays; so do the
        newest. Readers see the old file or the new one.

        Raises:
            OSError: when the disk refuses; the journal is as it was.
        """
        size = self.path.stat().st_size if self.path.exists() else 0
        if size < max(LARGE, 2 * self._trimmed_to):
            return
        found, _ = self.read()
        cut = min(until, found[-KEPT - 1][0] if len(found) > KEPT else 0)
        kept = b"".join(_line(one) for behind, one in found if behind <= cut and is_needed(one))
        with self.path.open("rb") as file:
            head = _Head.of(file)
            if cut <= head.base:
                return
            file.seek(head.size + head.kept + cut - head.base)
            later = file.read()
        told = {"kind": "trimmed", "base": cut, "kept": len(kept)}
        first = json.dumps(told, separators=(",", ":")).encode() + b"\n"
        whole = first + kept + later[: later.rfind(b"\n") + 1]
        write_whole(self.path, whole, durable=True)
        self._trimmed_to = len(whole)

    def _lines(self, offset: int) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each whole line behind an offset, with the offset behind it."""
        try:
            with self.path.open("rb") as file:
                head, before = _Head.of(file), b""
                if offset < head.base:
                    offset, before = head.base, file.read(head.kept)
                else:
                    file.seek(head.size + head.kept + offset - head.base)
                later = file.read()
        except FileNotFoundError:
            return
        yield from ((head.base, line) for _, line in lines_in(before))
        yield from lines_in(later, offset)


def _line(fired: Fired) -> bytes:
    document = json.loads(fired.model_dump_json())
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _parsed(line: dict[str, Any]) -> Fired | None:
    """The alert of a line; None for one that somebody damaged."""
    try:
        return Fired.parse(line)
    except BadInput:
        return None
