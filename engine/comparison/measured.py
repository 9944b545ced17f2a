"""What runs and groups of runs reached in each metric."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from engine.comparison.baseline import Relative, relative
from engine.comparison.chosen import Compared
from engine.comparison.directions import mode_of
from engine.comparison.fields import metrics_of
from engine.comparison.groups import Group
from engine.comparison.statistics import MOST_GROUPS, Pair, Spread, pairs, spread
from engine.comparison.summaries import At, Summaries, Summary
from engine.task_spec import Mode

Which = Literal["best", "newest"]

MOST_METRICS = 6
"""Metrics that are compared where nobody chose any."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One metric in all runs that are compared, in their order."""

    metric: str
    mode: Mode | None
    """Which way is better; None where nobody knows."""
    summaries: tuple[Summary, ...]

    @property
    def best(self) -> tuple[At | None, ...]:
        """The best value of each run."""
        return tuple(summary.best(self.mode) for summary in self.summaries)

    @property
    def newest(self) -> tuple[At | None, ...]:
        """The newest value of each run, as it was logged."""
        return tuple(summary.newest for summary in self.summaries)

    def values(self, which: Which) -> tuple[float | None, ...]:
        """The best or the newest values alone."""
        found = self.best if which == "best" else self.newest
        return tuple(None if at is None else at.value for at in found)

    def leaders(self, which: Which) -> frozenset[int]:
        """Places of the runs with the best of these values; several where they are equal."""
        known = {n: v for n, v in enumerate(self.values(which)) if v is not None}
        finite = {place: value for place, value in known.items() if math.isfinite(value)}
        if self.mode is None or len(self.summaries) < 2 or not finite:
            return frozenset()
        top = (min if self.mode == "min" else max)(finite.values())
        return frozenset(place for place, value in finite.items() if value == top)

    def against(self, baseline: int, which: Which) -> tuple[Relative, ...]:
        """The values as against that of the run at a place."""
        values = self.values(which)
        return tuple(relative(value, values[baseline], self.mode) for value in values)


class GroupMeasured(NamedTuple):
    """One metric in the runs of a group."""

    label: str
    spread: Spread | None
    """Over the runs with a finite value."""
    left_out: int
    """Runs without such a value."""


class GroupsMeasured(NamedTuple):
    """One metric in groups of runs, and what tests of their differences say."""

    groups: tuple[GroupMeasured, ...]
    pairs: tuple[Pair, ...]
    """Empty when there are too many groups to test each against each."""


def measured(runs: Sequence[Compared], metric: str, known: Summaries) -> Measured:
    """A metric in all runs."""
    summaries = tuple(known.of(run, metric) for run in runs)
    return Measured(metric, mode_of(metric, runs), summaries)


def grouped(groups: Sequence[Group], metric: str, which: Which, known: Summaries) -> GroupsMeasured:
    """A metric in groups of runs; values that are not finite are left out and counted."""
    runs = [run for group in groups for run in group.runs]
    mode = mode_of(metric, runs)
    finite: dict[str, list[float]] = {}
    for group in groups:
        values = Measured(metric, mode, tuple(known.of(run, metric) for run in group.runs))
        finite[group.label] = [
            value for value in values.values(which) if value is not None and math.isfinite(value)
        ]
    rows = tuple(
        GroupMeasured(
            group.label,
            spread(finite[group.label]),
            len(group.runs) - len(finite[group.label]),
        )
        for group in groups
    )
    return GroupsMeasured(rows, pairs(finite) if len(groups) <= MOST_GROUPS else ())


def usual_metrics(runs: Sequence[Compared]) -> tuple[str, ...]:
    """The metrics to compare where nobody chose any: what is monitored, then the validation's."""
    names = metrics_of(runs)
    specs = [run.record.spec for run in runs]
    monitored = [spec.training.evaluation.monitor for spec in specs if spec is not None]
    judged = [name for name in names if mode_of(name, runs) is not None]
    validation = [name for name in judged if name.startswith("val/")]
    wanted = dict.fromkeys([*monitored, *validation]) if validation else dict.fromkeys(judged)
    return tuple(name for name in wanted or names if name in names)[:MOST_METRICS]
