"""Marks: what happened to a run beside its numbers, to be drawn at its place on the curves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from components.charts.sampling import Window

Tone = Literal["calm", "warning", "bad", "best"]

MOST = 50
"""Marks over the width of a chart; what lies closer together becomes one."""
_LONGEST = 200

_TONES: dict[str, Tone] = {
    "steered": "calm",
    "extended": "calm",
    "forked": "calm",
    "learning-rate": "calm",
    "alert": "warning",
    "compile-failed": "warning",
    "refused": "warning",
    "skipped": "bad",
    "rolled-back": "bad",
    "out-of-memory": "bad",
    "failed": "bad",
    "best": "best",
}
"""Kinds of events that are drawn."""
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


@dataclass(frozen=True, slots=True)
class Drawn:
    """One mark of a chart, or several that lie together."""

    x: float
    tone: Tone
    text: str
    count: int


def mark_of(event: Mapping[str, Any]) -> Mark | None:
    """The mark of an event; None for one that is not drawn or has no place."""
    kind, step, time = str(event.get("kind")), event.get("step"), event.get("time")
    if kind not in _TONES or not isinstance(step, int) or not isinstance(time, int | float):
        return None
    label = event.get("alert", kind) if kind == "alert" else kind
    text = _first_sentence(str(event.get("text", "")))
    return Mark(step, float(time), _TONES[kind], str(label).replace("-", " "), text)


def still_there(marks: Sequence[Mark], event: Mapping[str, Any]) -> Sequence[Mark]:
    """The marks that an event leaves: what a resume does again has not happened.

    Acts of steering hold again at their steps; a roll-back shows where the curves go on.
    """
    begun = event.get("step")
    if event.get("kind") != "resumed" or not isinstance(begun, int):
        return marks
    moved = (
        replace(mark, step=min(mark.step, begun)) if mark.label == _BACK else mark for mark in marks
    )
    return [mark for mark in moved if mark.step <= begun or mark.label == _STEERED]


def merged(places: Iterable[tuple[float, Mark]], window: Window) -> list[Drawn]:
    """The marks inside a window, from left to right; near ones are one, with the worst tone."""
    inside = [(x, mark) for x, mark in places if window.low <= x <= window.high]
    apart = (window.high - window.low) / MOST
    groups: list[list[tuple[float, Mark]]] = []
    for x, mark in sorted(inside, key=lambda place: (place[0], place[1].step)):
        alone = mark.tone == "best" or not groups or groups[-1][0][1].tone == "best"
        if alone or x - groups[-1][0][0] > apart:
            groups.append([])
        groups[-1].append((x, mark))
    return [_drawn(group) for group in groups]


def _drawn(group: Sequence[tuple[float, Mark]]) -> Drawn:
    marks = [mark for _, mark in group]
    tones = {mark.tone for mark in marks}
    tone: Tone = next((tone for tone in _WORST if tone in tones), "best")
    return Drawn(group[0][0], tone, _words(marks), len(marks))


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
