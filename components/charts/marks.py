"""Marks: what happened to a run beside its numbers, to be drawn at its place on the curves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from components.charts.sampling import Window

Tone = Literal["calm", "warning", "bad", "best"]
Kind = Literal["changes", "alerts", "trouble", "checkpoints", "resumes", "drift", "best"]
"""What a viewer may choose to see."""
KINDS: tuple[Kind, ...] = get_args(Kind)

MOST = 50
"""Marks of one row over the width of a chart; what lies closer together becomes one."""
_LONGEST = 200

_DRAWN: dict[str, tuple[Kind, Tone]] = {
    "steered": ("changes", "calm"),
    "extended": ("changes", "calm"),
    "forked": ("changes", "calm"),
    "restored": ("changes", "calm"),
    "learning-rate": ("changes", "calm"),
    "alert": ("alerts", "warning"),
    "compile-failed": ("alerts", "warning"),
    "refused": ("alerts", "warning"),
    "checkpoint-lost": ("alerts", "warning"),
    "skipped": ("trouble", "bad"),
    "rolled-back": ("trouble", "bad"),
    "out-of-memory": ("trouble", "bad"),
    "failed": ("trouble", "bad"),
    "checkpoint": ("checkpoints", "calm"),
    "resumed": ("resumes", "calm"),
    "drift": ("drift", "warning"),
    "best": ("best", "best"),
}
"""Kinds of events that are drawn."""
_ROWS: dict[Kind, str] = {"checkpoints": "checkpoints", "best": "best"}
"""Marks that are never merged with others."""
_STEERED, _BACK = "steered", "rolled back"
_WORST: Sequence[Tone] = ("bad", "warning", "calm")


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that happened after so many updates."""

    step: int
    time: float
    """Seconds since 1970."""
    tone: Tone
    label: str
    """What it was, in two or three words."""
    text: str
    """What it was, in a sentence."""
    kind: Kind


@dataclass(frozen=True, slots=True)
class Drawn:
    """One mark of a chart, or several that lie together."""

    x: float
    tone: Tone
    text: str
    count: int
    row: str = "events"
    """Checkpoints and the best step are drawn apart from the rest."""


def mark_of(event: Mapping[str, Any]) -> Mark | None:
    """The mark of an event; None for one that is not drawn or has no place."""
    kind, step, time = str(event.get("kind")), event.get("step"), event.get("time")
    if kind not in _DRAWN or not isinstance(step, int) or not isinstance(time, int | float):
        return None
    label = event.get("alert", kind) if kind == "alert" else kind
    text = _first_sentence(str(event.get("text", "")))
    if kind == "resumed":
        text = f"Resumed from step {step:,}"
    group, tone = _DRAWN[kind]
    return Mark(step, float(time), tone, str(label).replace("-", " "), text, group)


def still_there(marks: Sequence[Mark], event: Mapping[str, Any]) -> Sequence[Mark]:
    """The marks that an event leaves: what a resume does again has not happened.

    Acts of steering hold again at their steps, unless the run was put back to before them; a
    roll-back shows where the curves go on.
    """
    begun = event.get("step")
    if not isinstance(begun, int):
        return marks
    if event.get("kind") == "restored":
        return [mark for mark in marks if mark.step <= begun]
    if event.get("kind") != "resumed":
        return marks
    moved = (
        replace(mark, step=min(mark.step, begun)) if mark.label == _BACK else mark for mark in marks
    )
    return [mark for mark in moved if mark.step <= begun or mark.label == _STEERED]


def with_next(marks: Sequence[Mark], event: Mapping[str, Any]) -> list[Mark]:
    """The marks after one more event; a roll-back says itself where the curves go on."""
    left = list(still_there(marks, event))
    mark = mark_of(event)
    if mark is None or (mark.kind == "resumes" and left and left[-1].label == _BACK):
        return left
    return [*left, mark]


def merged(places: Iterable[tuple[float, Mark]], window: Window) -> list[Drawn]:
    """The marks inside a window, from left to right; near ones are one, with the worst tone."""
    inside = [(x, mark) for x, mark in places if window.low <= x <= window.high]
    rows: dict[str, list[tuple[float, Mark]]] = {}
    for x, mark in sorted(inside, key=lambda place: (place[0], place[1].step)):
        rows.setdefault(_ROWS.get(mark.kind, "events"), []).append((x, mark))
    apart = (window.high - window.low) / MOST
    drawn = [_drawn(group, row) for row, marks in rows.items() for group in _near(marks, apart)]
    return sorted(drawn, key=lambda mark: mark.x)


def _near(marks: Sequence[tuple[float, Mark]], apart: float) -> list[list[tuple[float, Mark]]]:
    """Neighbours that lie no further apart; the step of the best is alone."""
    groups: list[list[tuple[float, Mark]]] = []
    for x, mark in marks:
        if mark.tone == "best" or not groups or x - groups[-1][0][0] > apart:
            groups.append([])
        groups[-1].append((x, mark))
    return groups


def _drawn(group: Sequence[tuple[float, Mark]], row: str) -> Drawn:
    marks = [mark for _, mark in group]
    tones = {mark.tone for mark in marks}
    tone: Tone = next((tone for tone in _WORST if tone in tones), "best")
    return Drawn(group[0][0], tone, _words(marks), len(marks), row)


def _words(marks: Sequence[Mark]) -> str:
    if len(marks) == 1:
        return marks[0].text or marks[0].label
    counts = Counter(mark.label for mark in marks)
    kinds = ", ".join(f"{count} × {label}" for label, count in counts.items())
    first, last = marks[0].step, marks[-1].step
    where = f"step {first:,}" if first == last else f"steps {first:,} to {last:,}"
    return f"{kinds}, {where}"


def _first_sentence(text: str) -> str:
    first = text.split(". ", 1)[0].split("\n", 1)[0].rstrip(".")
    return first if len(first) <= _LONGEST else f"{first[: _LONGEST - 1]}…"
