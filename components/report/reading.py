"""Reading run folders into what a report says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from components.charts.palette import colors_of
from components.report import records
from components.report.cards import card_of
from components.report.charted import Curves, marks_of, sections_of
from components.report.contents import Contents, Judged, Shown, Table
from components.report.sections import layout_of
from engine.errors import DamagedRun, EngineError
from engine.runs.evaluations import parsed
from engine.runs.run import Run

MOST_RUNS = 40
"""Runs laid over one another; more cannot be told apart."""
MOST_SAMPLES = 8

T = TypeVar("T")


def contents_of(runs: Sequence[Run]) -> Contents:
    """Everything that a report of these runs says.

    Raises:
        DamagedRun: when none of them can be read.
    """
    notes: list[str] = []
    readable = _readable(runs, notes)
    return _of_one(readable[0], notes) if len(readable) == 1 else _of_several(readable, notes)


def _readable(runs: Sequence[Run], notes: list[str]) -> list[Run]:
    """The first runs that can be read; those that cannot are named in the notes."""
    found: list[Run] = []
    damage: list[DamagedRun] = []
    for run in runs:
        if len(found) == MOST_RUNS:
            notes.append(f"The first {MOST_RUNS} of {len(runs):,} runs.")
            break
        try:
            _ = run.record, run.state(), run.labels()
            found.append(run)
        except DamagedRun as error:
            damage.append(error)
    if not found:
        raise damage[0]
    notes += [f"Left out: {error}" for error in damage]
    return found


def _of_one(run: Run, notes: list[str]) -> Contents:
    layout = layout_of(run.metrics(), several=False)
    marks = _tried(lambda: marks_of(run), "The events", notes) or []
    sections = sections_of([Curves(run, "", "")], layout, marks, notes)
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
    curves = [Curves(run, name, colors[run.id]) for name, run in zip(names, runs, strict=True)]
    sections = sections_of(curves, layout, [], notes)
    made = {name: run.record for name, run in zip(names, runs, strict=True)}
    return Contents(
        title=f"{len(runs)} runs",
        cards=tuple(
            replace(card_of(run, colors[run.id]), name=name)
            for name, run in zip(names, runs, strict=True)
        ),
        sections=sections,
        tables=(records.differences(made),),
        notes=tuple(notes),
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
