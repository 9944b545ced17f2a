"""What a report says, as values: read once from the run folders, drawn as HTML, PDF or PNG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from components.charts.marks import Drawn as DrawnMark
from components.charts.sampling import Window
from components.report.lines import Line
from engine.runs.evaluations import Evaluation
from engine.runs.state import Status

Tone = Literal["", "calm", "warning", "bad", "best"]

_MARKS = {
    "calm": "◆ something was changed or resumed",
    "warning": "▼ alert",
    "bad": "✖ trouble",
    "best": "★ best step",
}


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with the numbers in it."""

    key: str
    """Its name for programs: the metric, or the quantity that its curves have in common."""
    title: str
    unit: str
    help: str
    log: bool
    window: Window
    """The steps from the left to the right edge."""
    lines: tuple[Line, ...]
    marks: tuple[DrawnMark, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Charts under one heading."""

    title: str
    charts: tuple[Chart, ...]


class Row(NamedTuple):
    """One line of a table."""

    cells: tuple[str, ...]
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table under a heading; without `head` its rows are labels and values."""

    title: str
    rows: tuple[Row, ...]
    head: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A run in its most important facts."""

    name: str
    status: Status
    color: str
    """Of its curves, where there are several runs; empty for one."""
    facts: tuple[tuple[str, str], ...]
    """Labels and values; what is not known is left out or a dash."""
    reason: str = ""
    """Why it ended or waits."""

    @property
    def went_wrong(self) -> bool:
        """Whether the reason is one of trouble."""
        return self.status in ("failed", "interrupted")


@dataclass(frozen=True, slots=True)
class Judged:
    """The last evaluation."""

    step: int
    evaluation: Evaluation


@dataclass(frozen=True, slots=True)
class Shown:
    """What the model produced at the last validation, as it is kept in the run folder."""

    step: int
    samples: list[object]


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything in a report. A part that there is nothing to say about is None or empty."""

    title: str
    cards: tuple[Card, ...]
    sections: tuple[Section, ...]
    tables: tuple[Table, ...]
    """Events, lineage, configuration, environment, in this order."""
    judged: Judged | None = None
    shown: Shown | None = None
    commands: tuple[tuple[str, str], ...] = ()
    """What to do, and the command that does it."""
    document: str = ""
    """The spec as JSON."""
    notes: tuple[str, ...] = ()
    """What is missing, left out or damaged."""

    @property
    def points(self) -> tuple[int, int]:
        """How many points are drawn as they were measured, and how many were measured."""
        lines = [line for section in self.sections for c in section.charts for line in c.lines]
        return sum(len(line.raw.x) for line in lines), sum(line.points for line in lines)

    def marks_words(self) -> str:
        """What the marks on the curves stand for; empty without any."""
        charts = [chart for section in self.sections for chart in section.charts]
        tones = {mark.tone for chart in charts for mark in chart.marks}
        told = ", ".join(words for tone, words in _MARKS.items() if tone in tones)
        return f"Marks on the curves: {told}." if told else ""

    def points_words(self) -> str:
        """How true the curves are to what was measured; empty without any."""
        drawn, measured = self.points
        if not measured:
            return ""
        charts = [chart for section in self.sections for chart in section.charts]
        smooth = any(line.smooth for chart in charts for line in chart.lines)
        over = " Smoothed curves are drawn over what was measured." if smooth else ""
        if drawn == measured:
            return f"All {measured:,} points are drawn.{over}"
        return (
            f"{drawn:,} of {measured:,} points are drawn: in every column of the picture the "
            f"first, the lowest, the highest and the last, so that no spike is lost.{over}"
        )
