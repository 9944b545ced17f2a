"""Which runs a rule is about."""

from __future__ import annotations

import logging
import time
from collections.abc import Set
from dataclasses import dataclass, field

from engine.alerting.rule import Rule
from engine.errors import BadInput
from engine.runs.query.query import Language
from engine.runs.run import Run
from engine.runs.store import RunStore

_log = logging.getLogger(__name__)
_FRESH_S = 5.0


@dataclass(slots=True)
class _Answers:
    """Which runs the queries asked for, at a moment."""

    at: float
    known: Set[str]
    found: dict[str, Set[str]] = field(default_factory=dict)


class Scope:
    """Answers whether a rule is about a run; queries are asked again every few seconds."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._language: Language | None = None
        self._answers = _Answers(-_FRESH_S, frozenset())

    def covers(self, rule: Rule, run: Run) -> bool:
        if rule.query is None:
            return rule.run in (None, run.id)
        return run.id in self._asked(rule.query, run.id)

    def _asked(self, query: str, run_id: str) -> Set[str]:
        """The runs of a query; a run that the last answers did not know makes them old."""
        if time.monotonic() - self._answers.at > _FRESH_S or run_id not in self._answers.known:
            entries = self._store.index.entries()
            self._language = Language(self._store.index, entries)
            self._answers = _Answers(time.monotonic(), {entry.id for entry in entries})
        found = self._answers.found
        if query not in found:
            found[query] = self._find(query)
        return found[query]

    def _find(self, query: str) -> Set[str]:
        assert self._language is not None
        try:
            return {entry.id for entry in self._language.find(query)}
        except BadInput as error:
            _log.info("a rule's query finds no run: %s", error)
            return frozenset()
