"""RunIndex: the facts and newest metrics of all runs, read again only where a run has changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.runs.facts import Fact, facts_of

if TYPE_CHECKING:
    from engine.runs.store import RunStore


@dataclass(frozen=True, slots=True)
class Entry:
    """One run as the index knows it. A damaged one has a `damage` and few facts."""

    id: str
    name: str
    facts: Mapping[str, Fact]
    """Labels, state, settings and, under their own names, the newest value of each metric."""
    damage: str = ""


class RunIndex:
    """The runs of a store, newest first; one is kept for each store and shared by all threads."""

    def __init__(self, store: RunStore) -> None:
        self._store = store

    def entries(self) -> Sequence[Entry]:
        """All runs, newest first."""
        return [self._entry(run_id) for run_id in (row.id for row in self._store.list())]

    def _entry(self, run_id: str) -> Entry:
        row = next(row for row in self._store.list() if row.id == run_id)
        if row.record is None or row.state is None or row.labels is None:
            facts: dict[str, Fact] = {"id": row.id, "name": row.id, "status": "damaged"}
            return Entry(row.id, row.id, facts, row.damage)
        facts = facts_of(row.record, row.state, row.labels)
        run = self._store.open(row.id)
        lasts = {metric: run.last(metric) for metric in run.metrics()}
        newest = {metric: last[1] for metric, last in lasts.items() if last is not None}
        return Entry(row.id, row.name, facts | newest)
