"""What an importer finds: runs of another tool, read part by part so that memory is bounded."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError
from engine.runs.record import ImportSource, Plain
from engine.runs.series import RECORD
from engine.runs.state import Status

AT_ONCE = 20_000
"""Points that a reader holds before it hands them on."""
LONGEST_NAME, LONGEST_VALUE = 1_000, 10_000
_LATEST = 9e9
"""Seconds since 1970 up to which a time is believed (the year 2255); beyond it is unknown."""

UNKNOWN_ENDING = "imported; how it ended is not known"
"""The reason of a run whose source does not say."""


class Unreadable(EngineError):
    """A file of another tool that is not what it seems, with the place where that shows."""

    def __init__(self, place: str, reason: str, remedy: str = "") -> None:
        super().__init__(f"{place}: {reason.rstrip('.')}. {remedy}".strip())


@dataclass(frozen=True, slots=True)
class Block:
    """Points of one metric, in the order in which they were logged."""

    metric: str
    records: NDArray[Any]
    """Of `engine.runs.series.RECORD`; a time that is not known is NaN."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Points read so far from this step on do not count: the run was begun again there."""

    step: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What a source says about a run besides its points; None, or nothing, where it does not."""

    identity: str | None = None
    """The same whenever the same run is read again; None lets its points decide."""
    original_id: str | None = None
    name: str | None = None
    config: dict[str, Plain] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    notes: str | None = None
    status: Status | None = None
    reason: str | None = None
    started_at: float | None = None
    ended_at: float | None = None
    remarks: tuple[str, ...] = ()
    """What whoever imports should know about how it was read."""

    def with_more(self, more: Facts) -> Facts:
        """Both; what is said later counts."""

        def newest(name: str) -> Any:
            said = getattr(more, name)
            return getattr(self, name) if said is None else said

        once = ("identity", "original_id", "name", "notes", "status", "reason")
        return Facts(
            **{name: newest(name) for name in (*once, "started_at", "ended_at")},
            config=self.config | more.config,
            tags=more.tags or self.tags,
            remarks=(*self.remarks, *more.remarks),
        )


Part = Block | Cut | Facts


@dataclass(frozen=True, slots=True)
class ForeignRun:
    """One run that was found, and how to read it."""

    title: str
    """What to call it before it is read."""
    place: str
    """Name of the file or folder that holds it."""
    read: Callable[[], Iterator[Part]]

    def parts(self) -> Iterator[Part]:
        """What the run holds, part by part.

        Raises:
            Unreadable: also for numbers and nestings that no reader had in mind.
        """
        try:
            yield from self.read()
        except (ArithmeticError, RecursionError, TypeError, ValueError) as error:
            raise Unreadable(self.place, f"something in it makes no sense ({error})") from error


class Importer(Protocol):
    """Finds the runs of one other tool in a file or folder."""

    source: ImportSource

    def recognises(self, path: Path) -> bool:
        """Whether a file or folder looks like this tool's; cheap."""
        ...

    def runs(self, path: Path) -> Sequence[ForeignRun]:
        """The runs in a file or folder.

        Raises:
            Unreadable: when it is not what it seems.
        """
        ...


class Points:
    """Collects single points and gives them as blocks."""

    def __init__(self) -> None:
        self._rows: dict[str, list[tuple[int, float, float]]] = {}
        self.held = 0
        """How many there are."""

    def add(self, metric: str, step: int, time: float, value: float) -> bool:
        """Keep a point; True when so many are held that they should be handed on."""
        rows = self._rows.get(metric)
        if rows is None:
            rows = self._rows[metric] = []
        rows.append((step, time, value))
        self.held += 1
        return self.held >= AT_ONCE

    def blocks(self) -> Iterator[Block]:
        """All points that are held, which are then forgotten."""
        rows, self._rows, self.held = self._rows, {}, 0
        for metric, points in rows.items():
            yield Block(metric, np.array(points, RECORD))


def plain_name(name: str) -> str:
    """The name of a metric as it can be stored: any text that is valid Unicode, and not empty.

    Raises:
        Unreadable: when it is too long to be a name.
    """
    if len(name) > LONGEST_NAME:
        reason = f"the name has {len(name):,} characters; at most {LONGEST_NAME:,} are read"
        raise Unreadable(f"metric {name[:40]!r}…", reason)
    return name.encode("utf-8", "replace").decode() or "(no name)"


def known_time(time: float) -> float:
    """Seconds since 1970, or NaN for what cannot be a time."""
    return time if 0 < time < _LATEST else math.nan


def flat(config: object, prefix: str = "") -> dict[str, Plain]:
    """Settings under dotted names, as plain values."""
    if isinstance(config, dict):
        found: dict[str, Plain] = {}
        for name, value in config.items():
            found |= flat(value, f"{prefix}.{name}" if prefix else str(name))
        return found
    return {_text(prefix): _plain(config)}


def _plain(value: object) -> Plain:
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case str():
            return _text(value)
        case _:
            return _text(str(value))


def _text(text: str) -> str:
    cut = text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
    return cut.encode("utf-8", "replace").decode()
