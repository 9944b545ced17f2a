"""Lines of a log, whether they are events or what a worker printed; which of them are wanted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

Level = Literal["debug", "info", "warning", "error"]
LEVELS: tuple[Level, ...] = get_args(Level)

_LONGEST = 2000
"""Characters of a line that are shown; the download has all."""
_BY_KIND: dict[str, Level] = {
    "alert": "warning",
    "checkpoint-lost": "error",
    "checkpoint-refused": "warning",
    "compile-failed": "warning",
    "damaged": "error",
    "disk": "warning",
    "failed": "error",
    "interrupted": "warning",
    "observer": "error",
    "out-of-memory": "warning",
    "refused": "warning",
    "rolled-back": "warning",
    "skipped": "warning",
    "system": "warning",
    "traceback": "error",
}
"""Kinds of events that are worth more than information."""

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SAID = re.compile(r"\b(DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|FATAL)\b")
_PYTHON = re.compile(r"Traceback \(most recent call last\)|^[A-Za-z_.]*(Error|Exception)\b")
_WARNED = re.compile(r"\b[A-Za-z]*Warning: ")
_LEVEL_OF: dict[str, Level] = {
    "DEBUG": "debug",
    "INFO": "info",
    "WARNING": "warning",
    "WARN": "warning",
    "ERROR": "error",
    "CRITICAL": "error",
    "FATAL": "error",
}
_WHERE_LEVELS_STAND = 80


class Line(NamedTuple):
    """One line. Unknown is None."""

    level: Level
    text: str
    kind: str = ""
    step: int | None = None
    time: float | None = None
    """Seconds since 1970."""


class Wanted(NamedTuple):
    """Which lines somebody wants to see."""

    levels: frozenset[Level] = frozenset(LEVELS)
    words: str = ""
    """All of which must be in the line, in any order and case."""


class Found(NamedTuple):
    """The newest of the wanted lines, oldest first, and how many there are in all."""

    lines: Sequence[Line]
    total: int


def of_event(event: Mapping[str, Any]) -> Line:
    """An event as a line; its level is its own, or that of its kind."""
    kind, level = str(event.get("kind", "")), event.get("level")
    step, time = event.get("step"), event.get("time")
    return Line(
        level if level in LEVELS else _BY_KIND.get(kind, "info"),
        _cut(str(event.get("text", ""))),
        kind,
        step if type(step) is int else None,
        float(time) if isinstance(time, int | float) else None,
    )


def of_output(raw: str, before: Level = "info") -> Line:
    """What was printed as a line, without colours; what is indented has the level ``before`` it.

    Of a line that was written over again and again (a progress bar), its last state.
    """
    text = _ANSI.sub("", raw).rstrip("\r").rpartition("\r")[2]
    text = _cut(_CONTROL.sub("", text))
    return Line(_level_of(text, before), text)


def found(lines: Sequence[Line], wanted: Wanted, most: int) -> Found:
    """The newest ``most`` lines that are wanted."""
    if len(wanted.levels) == len(LEVELS) and not wanted.words.strip():
        return Found(lines[-most:], len(lines))
    matching = _matching(lines, wanted)
    return Found(matching[-most:], len(matching))


def _matching(lines: Iterable[Line], wanted: Wanted) -> list[Line]:
    matching = [line for line in lines if line.level in wanted.levels]
    for word in wanted.words.casefold().split():
        matching = [line for line in matching if word in line.text.casefold() or word in line.kind]
    return matching


def _level_of(text: str, before: Level) -> Level:
    said = _SAID.search(text, 0, _WHERE_LEVELS_STAND)
    if said:
        return _LEVEL_OF[said[1]]
    if _PYTHON.search(text):
        return "error"
    if _WARNED.search(text):
        return "warning"
    return before if text[:1] in (" ", "\t") else "info"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
