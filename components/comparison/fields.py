"""The fields of runs as they are offered for axes and colours, and as columns."""

from __future__ import annotations

from collections.abc import Sequence

from components import session
from components.charts.columns import Column
from engine.comparison import Compared, usual_metrics
from engine.comparison.directions import mode_of
from engine.comparison.fields import TAG, best_of, fact_names, grouping_fields, metrics_of, value_of

_NO_SETTINGS = frozenset({"name", "tags", "group", "project", "reproducibility.seed"}) | frozenset(
    {"device", "host", "python", "platform", "git_commit", "imported", "origin.run_id"}
)
"""What nobody has tried out: seeds, what people said, and where runs were made."""


def offered(runs: Sequence[Compared]) -> list[str]:
    """Facts that differ, then the best and newest values of the metrics."""
    metrics = metrics_of(runs)
    best = [best_of(metric) for metric in metrics if mode_of(metric, runs) is not None]
    return list(dict.fromkeys([*fact_names(runs), *best, *metrics]))


def settings(runs: Sequence[Compared]) -> list[str]:
    """What somebody has probably tried out: settings with two values or more, as on the form."""
    return [
        field
        for field in grouping_fields(runs)
        if field not in _NO_SETTINGS
        and not field.startswith(TAG)
        and len(set(column(runs, field).words()) - {None}) > 1
    ]


def telling(runs: Sequence[Compared]) -> str | None:
    """The setting to look at first: a number that all runs have, else what all have."""
    varied = [column(runs, field) for field in settings(runs)]
    numbers = [one for one in varied if None not in one.numbers()]
    words = [one for one in varied if None not in one.words()]
    return next((one.name for one in [*numbers, *words, *varied]), None)


def outcome(runs: Sequence[Compared]) -> str | None:
    """What tells how good the runs are: the best value of the metric that is monitored."""
    metrics = usual_metrics(runs)
    if not metrics:
        return None
    return best_of(metrics[0]) if mode_of(metrics[0], runs) is not None else metrics[0]


def column(runs: Sequence[Compared], field: str) -> Column:
    """A field in every run."""
    known = session.summaries()
    return Column(field, tuple(value_of(run, field, runs, known) for run in runs))
