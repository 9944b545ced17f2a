"""Which column of a table of numbers is what: told by whoever imports, else by its name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from engine.exchange.foreign import Unreadable

STEP = ("step", "_step", "global_step", "iteration", "iter", "epoch")
TIME = ("time", "_timestamp", "timestamp", "wall time", "wall_time")
_RUN, _METRIC, _VALUE = ("run", "run_id"), ("metric", "key", "tag"), ("value",)
_NEVER = ("_runtime", "relative time (process)", "relative time (wall)")
_W_AND_B = re.compile(r"(?P<run>.+) - (?P<metric>.+)")


@dataclass(frozen=True, slots=True)
class Columns:
    """What whoever imports says about the columns; None lets the names decide."""

    step: str | None = None
    time: str | None = None
    metrics: tuple[str, ...] = ()
    """One column a metric; none for all with numbers."""


class Layout(NamedTuple):
    """Where in a row the parts of a point stand."""

    step: int
    time: int | None
    run: int | None
    metric: int | None
    """In the long format the column that names the metric; its value stands in `value`."""
    value: int | None
    wide: tuple[tuple[int, str, str], ...]
    """(column, run, metric) of each column that is a metric."""

    def used(self) -> set[int]:
        """All columns that are read."""
        parts = (self.step, self.time, self.run, self.metric, self.value)
        return {part for part in parts if part is not None} | {column for column, _, _ in self.wide}


def layout_of(heading: Sequence[str], columns: Columns, place: str) -> Layout:
    """What each column is.

    Raises:
        Unreadable: when the step cannot be found, or a column that was asked for.
    """
    named = {name.strip().casefold(): number for number, name in reversed([*enumerate(heading)])}
    step = _asked(heading, columns.step, place, "step") if columns.step else _first(named, STEP)
    if step is None:
        known = ", ".join(repr(name) for name in heading[:20])
        remedy = f"Say which one is, with --step; there are {known}."
        raise Unreadable(place, "none of the columns is named as a step", remedy)
    time = _asked(heading, columns.time, place, "time") if columns.time else _first(named, TIME)
    metric, value = _first(named, _METRIC), _first(named, _VALUE)
    run = _first(named, _RUN)
    if metric is not None and value is not None and not columns.metrics:
        return Layout(step, time, run, metric, value, ())
    taken = {step, time, run}
    if columns.metrics:
        wanted = {_asked(heading, name, place, "metric") for name in columns.metrics}
    else:
        wanted = {number for number in range(len(heading)) if number not in taken}
    return Layout(step, time, run, None, None, tuple(_wide(heading, sorted(wanted))))


def _first(named: dict[str, int], names: Sequence[str]) -> int | None:
    return next((named[name] for name in names if name in named), None)


def _asked(heading: Sequence[str], name: str, place: str, what: str) -> int:
    if name not in heading:
        known = ", ".join(repr(known) for known in heading[:20])
        raise Unreadable(
            place, f"there is no column {name!r} for the {what}", f"There are {known}."
        )
    return heading.index(name)


def _wide(heading: Sequence[str], wanted: Sequence[int]) -> Iterator[tuple[int, str, str]]:
    """The metrics of a wide table. W&B's charts put the run before it, and write its extremes."""
    known = set(heading)
    for number in wanted:
        name = heading[number]
        drawn = name.removesuffix("__MIN").removesuffix("__MAX")
        if drawn != name and drawn in known:
            continue
        found = _W_AND_B.fullmatch(name) if {f"{name}__MIN", f"{name}__MAX"} <= known else None
        if found is not None:
            yield number, found["run"], found["metric"]
        elif name.strip().casefold() not in _NEVER:
            yield number, "", name
