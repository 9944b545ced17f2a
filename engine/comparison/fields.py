"""What runs can be grouped by and plotted against: their facts, and the values of their metrics."""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from engine.comparison.chosen import Compared
from engine.comparison.directions import mode_of
from engine.comparison.summaries import Summaries
from engine.runs.facts import Fact
from engine.runs.run import Run

_BEST = re.compile(r"best\((.+)\)", re.DOTALL)

LABELS = ("group", "project", "tags", "name")
"""Facts that people give; the first that runs are grouped by."""
TAG = "tag:"
"""With the name of a tag behind it, a field that tells whether a run has that tag."""

_SETTLED_NS = 2_000_000_000
"""A folder that was changed so long ago shows every later change in its time."""
_WORDS = frozenset({"id", "notes", "reason"})
"""Texts that are each run's own."""
_OUTCOMES = frozenset(
    {"status", "step", "total_steps", "progress", "epoch", "best", "best.metric", "best.step"}
    | {"attempt", "origin.step"}
    | {"trained_s", "queued_at", "started_at", "ended_at", "created_at", "archived"}
)
"""What became of a run, as against what it was made of."""


def best_of(metric: str) -> str:
    """The name of the field that holds the best value of a metric."""
    return f"best({metric})"


def metric_of(field: str) -> str:
    """The metric of a field that holds its newest or best value."""
    found = _BEST.fullmatch(field)
    return found[1] if found else field


def metrics_of(runs: Sequence[Compared]) -> list[str]:
    """Names of all metrics that the runs have logged, sorted; halves of characters are no name."""
    return sorted({metric for run in runs for metric in _names(run) if _is_text(metric)})


def _names(run: Compared) -> Sequence[str]:
    """The metrics of one run, listed again when its folder has changed."""
    try:
        changed_ns = os.stat(run.run.metrics_folder).st_mtime_ns
    except OSError:
        return ()
    settled = time.time_ns() - changed_ns > _SETTLED_NS
    return _listed(run.run.folder, changed_ns) if settled else run.run.metrics()


def _is_text(name: str) -> bool:
    return name.encode("utf-8", "ignore").decode() == name


@lru_cache(maxsize=1024)
def _listed(folder: Path, changed_ns: int) -> Sequence[str]:
    return Run(folder).metrics()


def value_of(run: Compared, field: str, among: Sequence[Compared], known: Summaries) -> Fact:
    """The value of a fact, of a metric (its newest) or of `best(metric)`; unknown is None.

    Facts go before metrics; `among` are the runs whose tasks say which way a metric is better.
    """
    if field in run.facts or field.startswith(TAG):
        return fact_of(run, field)
    metric = metric_of(field)
    summary = known.of(run, metric)
    at = summary.newest if metric == field else summary.best(mode_of(metric, among))
    return None if at is None else at.value


def fact_of(run: Compared, field: str) -> Fact:
    """A fact of a run, or whether it has a tag; unknown is None."""
    if field.startswith(TAG) and field not in run.facts:
        return field.removeprefix(TAG) in _tags(run)
    return run.facts.get(field)


def grouping_fields(runs: Sequence[Compared]) -> list[str]:
    """Facts by which the runs fall into groups: labels, then settings that differ between them."""
    differing = [field for field in fact_names(runs) if field not in _OUTCOMES]
    labels = [field for field in LABELS if field in differing]
    return labels + tag_fields(runs) + [field for field in differing if field not in LABELS]


def tag_fields(runs: Sequence[Compared]) -> list[str]:
    """A field for each tag that some runs have and others have not."""
    counts = Counter(tag for run in runs for tag in _tags(run))
    return [f"{TAG}{tag}" for tag in sorted(counts) if counts[tag] < len(runs)]


def _tags(run: Compared) -> tuple[str, ...]:
    tags = run.facts.get("tags")
    return tags if isinstance(tags, tuple) else ()


def fact_names(runs: Sequence[Compared]) -> list[str]:
    """Names of the facts that are not the same in all runs."""
    names = dict.fromkeys(name for run in runs for name in run.facts if name not in _WORDS)
    return [name for name in names if len({repr(run.facts.get(name)) for run in runs}) > 1]
