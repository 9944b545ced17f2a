"""The journal of fired alerts: once an alert stands in it, it has happened, and only once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.alerting.rule import Channel
from engine.alerting.rule_book import FOLDER
from engine.errors import BadInput
from engine.frozen import Frozen
from engine.runs.files import append_line, read_lines

_TAIL_BYTES = 262_144


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


class Journal:
    """`.alerts/fired.jsonl`: one line an alert, only appended to."""

    def __init__(self, root: Path) -> None:
        self.path = root / FOLDER / "fired.jsonl"

    def append(self, fired: Fired) -> None:
        """Write an alert down.

        Raises:
            OSError: when the disk is full; it has not happened then.
        """
        append_line(self.path, json.loads(fired.model_dump_json()))

    def read(self, offset: int = 0) -> tuple[list[tuple[int, Fired]], int]:
        """Alerts behind a byte offset, each with the offset behind it; and the offset to go on."""
        found: list[tuple[int, Fired]] = []
        for behind, line in read_lines(self.path, offset):
            offset = behind
            fired = _parsed(line)
            if fired is not None:
                found.append((behind, fired))
        return found, offset

    def size(self) -> int:
        """Bytes in the journal: the offset of what will be appended."""
        try:
            return os.stat(self.path).st_size
        except FileNotFoundError:
            return 0

    def newest(self, most: int) -> Sequence[Fired]:
        """The newest alerts, newest first."""
        offset = max(0, self.size() - _TAIL_BYTES)
        found = [fired for _, fired in self.read(offset)[0]]  # the first may be half a line: none
        return found[::-1][:most]


def _parsed(line: dict[str, Any]) -> Fired | None:
    """The alert of a line; None for one that somebody damaged."""
    try:
        return Fired.parse(line)
    except BadInput:
        return None
