"""Reading run folders into what a report says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

from components.charts import board
from components.charts.marks import Drawn, Mark, mark_of, merged, still_there
from components.charts.palette import COLORS, colors_of
from components.charts.sampling import Window
from components.report import records
from components.report.cards import card_of
from components.report.contents import Chart, Contents, Judged, Section, Shown, Table
from components.report.lines import Line, extent, line_of, thinned
from components.report.sections import Layout, layout_of
from engine.errors import DamagedRun, EngineError
from engine.runs.evaluations import parsed
from engine.runs.run import Run

MOST_RUNS = 40
"""Runs laid over one another; more cannot be told apart."""
MOST_SAMPLES = 8
_NAMED = 5
_SLOTS = {"train": 0, "validation": 1}
_NO_METRICS = "No metrics were recorded, so there are no curves."

T = TypeVar("T")


class _Curves(NamedTuple):
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


def contents_of(runs: Sequence[Run]) -> Contents:
    """Everything that a report of these runs says.

    Raises:
        DamagedRun: when none of them can be read.
    """
    notes: list[str] = []
    readable = _readable(runs, notes)
    return _of_one(readable[0], notes) if len(runs) == 1 else _of_several(readable, notes)


def _readable(runs: Sequence[Run], notes: list[str]) -> list[Run]:
    """The runs that can be read; the others are named in the notes."""
    found, damage = [], []
    for run in runs:
        try:
            _ = run.record, run.state(), run.labels()
            found.append(run)
        except DamagedRun as error:
            damage.append(error)
    if not found:
        raise damage[0]
    notes += [f"Left out: {error}" for error in damage]
    if len(found) > MOST_RUNS:
        notes.append(f"The first {MOST_RUNS} of {len(found)} runs.")
    return found[:MOST_RUNS]


def _of_one(run: Run, notes: list[str]) -> Contents:
    layout = layout_of(run.metrics(), several=False)
    marks = _tried(lambda: _marks(run), "The events", notes) or []
    sections = _sections([_Curves(run, "", "")], layout, marks, notes)
    record = run.record
    tables = [
        *_parts(lambda: records.events(run), "The events", notes),
        *_parts(lambda: records.lineage(run), "The lineage", notes),
        *records.configuration(record),
        *records.environment(run),
    ]
    return Contents(
        title=run.name,
        cards=(card_of(run),),
        sections=sections,
        tables=tuple(tables),
        judged=_tried(lambda: _judged(run), "The last evaluation", notes),
        shown=_tried(lambda: _shown(run), "The last samples", notes),
        commands=records.commands(run),
        document="" if record.spec is None else record.spec.to_json(),
        notes=tuple(notes),
    )


def _of_several(runs: Sequence[Run], notes: list[str]) -> Contents:
    colors = colors_of(run.id for run in runs)
    metrics = {metric for run in runs for metric in run.metrics()}
    layout = layout_of(metrics, several=True)
    names = records.headings([run.name for run in runs], [run.id for run in runs])
    curves = [_Curves(run, name, colors[run.id]) for name, run in zip(names, runs, strict=True)]
    sections = _sections(curves, layout, [], notes)
    made = {name: run.record for name, run in zip(names, runs, strict=True)}
    tables = [records.differences(made)] if len(made) > 1 else []
    return Contents(
        title=f"{len(runs)} runs" if len(runs) > 1 else runs[0].name,
        cards=tuple(
            replace(card_of(run, colors[run.id]), name=name)
            for name, run in zip(names, runs, strict=True)
        ),
        sections=sections,
        tables=tuple(tables),
        notes=tuple(notes),
    )


# -- curves ----------------------------------------------------------------------------------------


def _sections(
    runs: Sequence[_Curves],
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


def _lines_of_chart(
    chart: board.Chart, runs: Sequence[_Curves], notes: list[str]
) -> Iterator[Line]:
    """A line for each curve of each run; a file that cannot be read is noted."""
    for number, (run, name, color) in enumerate(runs):
        for place, curve in enumerate(chart.curves):
            try:
                series = run.series(curve.metric)
            except (EngineError, OSError) as error:
                notes.append(f"{curve.metric} of {run.id} cannot be read ({error}).")
                continue
            yield line_of(
                series,
                name or curve.label,
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


def _marks(run: Run) -> list[Mark]:
    """What happened beside the numbers, and the best step."""
    marks: list[Mark] = []
    for event in run.events()[0]:
        marks = list(still_there(marks, event))
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


# -- what is read whole ----------------------------------------------------------------------------


def _judged(run: Run) -> Judged | None:
    steps = run.evaluation_steps()
    return Judged(steps[-1], parsed(run.evaluation(steps[-1]))) if steps else None


def _shown(run: Run) -> Shown | None:
    steps = run.sample_steps()
    if not steps:
        return None
    samples = run.samples(steps[-1])
    kept = samples[:MOST_SAMPLES] if isinstance(samples, list) else [samples]
    return Shown(steps[-1], kept) if kept else None


def _parts(read: Callable[[], Iterable[Table]], what: str, notes: list[str]) -> list[Table]:
    return _tried(lambda: list(read()), what, notes) or []


def _tried(read: Callable[[], T], what: str, notes: list[str]) -> T | None:
    """What could be read; what could not is noted, and the rest of the report goes on."""
    try:
        return read()
    except (EngineError, OSError, ValueError) as error:
        notes.append(f"{what} cannot be read ({error}).")
        return None
