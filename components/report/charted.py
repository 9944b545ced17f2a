"""The charts of a report with the numbers in them, and what happened beside the numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from components.charts import board
from components.charts.marks import Drawn, Mark, mark_of, merged, still_there
from components.charts.palette import COLORS
from components.charts.sampling import Window
from components.report.contents import Chart, Section
from components.report.lines import Line, extent, line_of, thinned
from components.report.sections import Layout
from engine.errors import EngineError
from engine.runs.run import Run

_NAMED = 5
_SLOTS = {"train": 0, "validation": 1}
_NO_METRICS = "No metrics were recorded, so there are no curves."


class Curves(NamedTuple):
    """A run with the name and colour of its curves; empty for those of the single metrics."""

    run: Run
    name: str
    color: str


class _Planned(NamedTuple):
    """A chart, and which of all lines are in it."""

    title: str
    """Of its section."""
    heading: str
    chart: board.Chart
    lines: range


def sections_of(
    runs: Sequence[Curves],
    layout: Layout,
    marks: Sequence[Mark],
    notes: list[str],
) -> tuple[Section, ...]:
    """The charts of all sections; a chart whose metrics have no points is left out."""
    planned: list[_Planned] = []
    lines: list[Line] = []
    titles = Counter(chart.title for _, charts in layout.sections for chart in charts)
    for title, charts in layout.sections:
        for chart in charts:
            begin = len(lines)
            lines += [line for line in _lines_of_chart(chart, runs, notes) if line.points]
            if len(lines) > begin:
                heading = chart.title if titles[chart.title] == 1 else _told_apart(chart)
                planned.append(_Planned(title, heading, chart, range(begin, len(lines))))
    notes += _remarks(layout, lines)
    thin = thinned(lines)
    everything = extent(line for line in thin if not line.shuffled)
    drawn = [(plan.title, _chart(plan, thin, everything, marks)) for plan in planned]
    found = dict.fromkeys(title for title, _ in drawn)
    return tuple(Section(title, tuple(c for t, c in drawn if t == title)) for title in found)


def _told_apart(chart: board.Chart) -> str:
    """A title for a chart that is called like another one."""
    return f"{chart.title} · {chart.key}"


def _lines_of_chart(chart: board.Chart, runs: Sequence[Curves], notes: list[str]) -> Iterator[Line]:
    """A line for each curve of each run; a file that cannot be read is noted."""
    several = len(chart.curves) > 1
    for number, (run, name, color) in enumerate(runs):
        for place, curve in enumerate(chart.curves):
            try:
                series = run.series(curve.metric)
            except (EngineError, OSError) as error:
                notes.append(f"{curve.metric} of {run.id} cannot be read ({error}).")
                continue
            yield line_of(
                series,
                f"{name}, {curve.label}" if name and several else name or curve.label,
                color or _color(chart, place),
                smooth=curve.smooth,
                run=number,
            )


def _color(chart: board.Chart, place: int) -> str:
    """The colour of a curve of a single run: that of its role, unless it has one of its own."""
    curve = chart.curves[place]
    others = place + len(_SLOTS) if len(chart.curves) > 1 else 0
    return curve.color or COLORS[_SLOTS.get(curve.role, others) % len(COLORS)]


def _chart(
    plan: _Planned, lines: Sequence[Line], everything: Window | None, marks: Sequence[Mark]
) -> Chart:
    own = [lines[at] for at in plan.lines]
    shown = extent(own)
    assert shown is not None, "a chart without points is left out"
    window = shown
    if everything is not None:
        window = Window(min(shown.low, everything.low), max(shown.high, everything.high))
    chart = plan.chart
    placed: list[Drawn] = merged(((float(mark.step), mark) for mark in marks), window)
    return Chart(
        key=chart.key,
        title=plan.heading,
        unit=chart.unit,
        help=chart.help,
        log=chart.log,
        window=window,
        lines=tuple(own),
        marks=tuple(placed),
    )


def marks_of(run: Run) -> list[Mark]:
    """What happened beside the numbers, and the best step."""
    marks: list[Mark] = []
    for event in run.events()[0]:
        left = still_there(marks, event)
        marks = marks if left is marks else list(left)
        mark = mark_of(event)
        if mark is not None and mark.kind != "checkpoints":
            marks.append(mark)
    best = run.state().best
    if best is not None:
        text = f"Best {best.metric}: {best.value:.4g} at step {best.step:,}"
        marks.append(Mark(best.step, 0.0, "best", "best", text, "best"))
    return marks


def _remarks(layout: Layout, lines: Sequence[Line]) -> Iterator[str]:
    if not lines:
        yield _NO_METRICS
    if layout.left_out:
        first = ", ".join(layout.left_out[:_NAMED])
        more = len(layout.left_out) - _NAMED
        rest = f" and {more:,} more" if more > 0 else ""
        yield f"There was no room for the charts of {first}{rest}."
    for line in lines:
        if line.shuffled:
            yield (
                f"The points of “{line.label}” were not in the order of their steps, so its file "
                "may be damaged; they are drawn in that order."
            )
