"""The runs that a run comes from, and those that were made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.runs.state import Status
from engine.runs.store import RunSummary

MOST = 50
"""Forks that are told of."""


@dataclass(frozen=True, slots=True)
class Relative:
    """A run of a family, and where it branched off from the one above it."""

    run_id: str
    name: str
    depth: int
    at_step: int | None = None
    """The step of its parent that it began from; None for one from the beginning."""
    status: Status | None = None
    """None for a run that is gone, or damaged."""


def family(summaries: Sequence[RunSummary], run_id: str) -> Sequence[Relative]:
    """The ancestors from the oldest on, the run itself, and its forks in the order of a tree."""
    known = {summary.id: summary for summary in summaries}
    line = _line(known, run_id)
    children = _children(summaries)
    above = [_relative(known, ancestor, depth) for depth, ancestor in enumerate(line)]
    below: list[Relative] = []
    for relative in _below(known, children, run_id, len(line)):
        if len(below) == MOST:
            break
        below.append(relative)
    return [*above, *below]


def _line(known: Mapping[str, RunSummary], run_id: str) -> list[str]:
    """The run and its ancestors, the oldest first; the last may be gone."""
    line = [run_id]
    while True:
        origin = _origin(known, line[0])
        if origin is None or origin in line:
            return line
        line.insert(0, origin)


def _origin(known: Mapping[str, RunSummary], run_id: str) -> str | None:
    summary = known.get(run_id)
    if summary is None or summary.record is None or summary.record.origin is None:
        return None
    return summary.record.origin.run_id


def _children(summaries: Sequence[RunSummary]) -> Mapping[str, list[str]]:
    """Run -> its forks, the oldest first."""
    children: dict[str, list[str]] = {}
    for summary in sorted(summaries, key=lambda summary: summary.id):
        if summary.record is not None and summary.record.origin is not None:
            children.setdefault(summary.record.origin.run_id, []).append(summary.id)
    return children


def _below(
    known: Mapping[str, RunSummary], children: Mapping[str, list[str]], run_id: str, depth: int
) -> Iterator[Relative]:
    open_, seen = [(child, depth) for child in reversed(children.get(run_id, []))], {run_id}
    while open_:
        child, at = open_.pop()
        if child in seen:
            continue
        seen.add(child)
        yield _relative(known, child, at)
        open_ += [(grandchild, at + 1) for grandchild in reversed(children.get(child, []))]


def _relative(known: Mapping[str, RunSummary], run_id: str, depth: int) -> Relative:
    summary = known.get(run_id)
    if summary is None:
        return Relative(run_id, run_id, depth)
    origin = None if summary.record is None else summary.record.origin
    step = None if origin is None else origin.step
    status = None if summary.state is None else summary.state.status
    return Relative(run_id, summary.name, depth, step, status)
