"""The runs that are compared: those of the given ids that can be read, and what is wrong else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from engine.errors import UnknownRun
from engine.runs.facts import Fact, facts_of
from engine.runs.record import RunRecord
from engine.runs.run import Run
from engine.runs.state import RunState
from engine.runs.store import RunStore, RunSummary

MOST = 100
"""Runs that are compared at once."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One of the runs that are compared."""

    id: str
    name: str
    heading: str
    """The name; with what tells it apart of the id, where another of the runs has it too."""
    run: Run
    record: RunRecord
    state: RunState
    facts: Mapping[str, Fact]
    """Labels, state and settings by their names."""


class LeftOut(NamedTuple):
    """A run that was asked for and is not compared, and why."""

    run_id: str
    reason: str


class Chosen(NamedTuple):
    """The runs that are compared, in the order in which they were asked for, and the others."""

    runs: tuple[Compared, ...]
    left_out: tuple[LeftOut, ...]


def chosen(store: RunStore, run_ids: Iterable[str]) -> Chosen:
    """The runs of these ids, each once; an unknown or damaged one does not keep the others away."""
    wanted = list(dict.fromkeys(run_ids))
    found: list[RunSummary] = []
    left_out: list[LeftOut] = []
    for run_id in wanted[:MOST]:
        try:
            summary = store.summary(run_id)
        except UnknownRun as unknown:
            left_out.append(LeftOut(run_id, str(unknown)))
            continue
        if summary.damage:
            left_out.append(LeftOut(run_id, summary.damage))
        else:
            found.append(summary)
    left_out += [LeftOut(run_id, f"Only {MOST} runs are compared.") for run_id in wanted[MOST:]]
    names = Counter(summary.name for summary in found)
    ends = Counter(_end(summary) for summary in found)
    runs = []
    for summary in found:
        told_by = _end(summary) if ends[_end(summary)] == 1 else summary.id
        shared = names[summary.name] > 1
        runs.append(_compared(store, summary, told_by if shared else ""))
    return Chosen(tuple(runs), tuple(left_out))


def _end(summary: RunSummary) -> str:
    """The random digits of an id, which most often tell runs apart."""
    return summary.id.rpartition("-")[2]


def _compared(store: RunStore, summary: RunSummary, told_by: str) -> Compared:
    record, state, labels = summary.record, summary.state, summary.labels
    assert record is not None, "it is not damaged"
    assert state is not None, "nor is its state"
    assert labels is not None, "nor are its labels"
    return Compared(
        id=summary.id,
        name=summary.name,
        heading=f"{summary.name} · {told_by}" if told_by else summary.name,
        run=Run(store.root / summary.id),
        record=record,
        state=state,
        facts=facts_of(record, state, labels),
    )
