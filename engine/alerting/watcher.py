"""Watcher: judges what is new in the runs, and writes down what has fired."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from engine.alerting.history import History
from engine.alerting.journal import Fired, Journal
from engine.alerting.look import Looker, Seen
from engine.alerting.memory import MemoryFiles, RunMemory
from engine.alerting.rule import Rule
from engine.alerting.rule_book import FOLDER, RuleBook
from engine.alerting.scope import Scope
from engine.errors import EngineError
from engine.runs.files import write_whole
from engine.runs.run import Run
from engine.runs.state import ACTIVE
from engine.runs.store import RunStore

_log = logging.getLogger(__name__)
_ALL_EVERY_S = 30.0
"""Seconds between two looks at the states of all runs, ended ones too."""
_KEEP_EVERY_S = 10.0
"""Seconds between two savings of what is remembered. More often is not needed: what is judged
again after a crash has the same ids."""
_SLACK_S = 60.0
"""How far the clocks of those who write runs may be apart."""


class Watcher:
    """Looks at runs at work, and at others only when their state has changed.

    Only one at a time may watch a folder (`AlertService` sees to that).
    """

    def __init__(
        self, store: RunStore, rules: RuleBook, *, now: Callable[[], float] = time.time
    ) -> None:
        self._store, self._rules, self._now = store, rules, now
        self._journal = Journal(store.root)
        self._history = History(self._journal)
        self._looker = Looker(self._history)
        self._files = MemoryFiles(store.root)
        self._scope = Scope(store)
        self._watched_until = store.root / FOLDER / "watched-until"
        self._since = _number_in(self._watched_until)
        self._runs: dict[str, tuple[Run, RunMemory]] = {}
        self._states: dict[str, int] = {}
        self._said: dict[str, str] = {}
        self._all_at = self._kept_at = -_ALL_EVERY_S

    def tick(self) -> list[Fired]:
        """Judge what is new everywhere; the alerts that it made.

        What goes wrong with one run does not hinder the others; it is tried again.

        Raises:
            EngineError: when the rules cannot be read.
            OSError: when the disk refuses; nothing is lost.
        """
        rules = [rule for rule in self._rules.rules() if rule.enabled]
        if not rules and not self._runs:
            return []
        self._history.read_on()
        now, began = self._now(), time.monotonic()
        everything = began - self._all_at >= _ALL_EVERY_S
        active = self._at_work()
        due = active | set(self._runs) | (self._changed(rules) if everything else set())
        fired = [alert for run_id in sorted(due) for alert in self._look(run_id, rules, now)]
        for run_id in set(self._runs) - active:
            self._drop(run_id)
        if everything:
            self._all_at = began
        if fired or began - self._kept_at >= _KEEP_EVERY_S:
            self.keep()
        return fired

    def keep(self) -> None:
        """Save what is remembered, so that a restart reads little again."""
        for run_id, (_, memory) in self._runs.items():
            if memory.changed:
                self._files.write(run_id, memory)
        self._watched_until.parent.mkdir(mode=0o700, exist_ok=True)
        write_whole(self._watched_until, f"{self._now():.3f}")
        self._kept_at = time.monotonic()

    def _look(self, run_id: str, rules: Sequence[Rule], now: float) -> Iterator[Fired]:
        try:
            run, memory = self._runs.get(run_id) or self._opened(run_id)
            state = run.state()
            mine = [rule for rule in rules if self._scope.covers(rule, run)]
            for fired in self._looker.look(Seen(run, state, now), memory, mine):
                self._history.add(fired)
                yield fired
            memory.forget_all_but(rules)
        except EngineError as error:  # deleted or damaged: the others are watched on
            self._say(run_id, f"not watched for alerts: {error}")
            self._runs.pop(run_id, None)
        except OSError as error:  # what it had to tell is judged and told again
            self._say(run_id, f"alerts of run {run_id} wait: {error}")
        else:
            self._said.pop(run_id, None)

    def _say(self, run_id: str, trouble: str) -> None:
        """Once, and not every second."""
        if self._said.get(run_id) != trouble:
            self._said[run_id] = trouble
            _log.warning("%s", trouble)

    def _opened(self, run_id: str) -> tuple[Run, RunMemory]:
        opened = self._store.open(run_id), self._files.read(run_id)
        self._runs[run_id] = opened
        return opened

    def _drop(self, run_id: str) -> None:
        """Let go of a run that has ended and was judged to its end."""
        run, memory = self._runs[run_id]
        try:
            if run.state().status in ACTIVE:
                return  # its marker comes or goes in this moment
        except EngineError:
            pass  # nothing more can be read of it: it was judged as far as it could be
        if memory.changed:
            self._files.write(run_id, memory)
        self._looker.forget(run_id)
        del self._runs[run_id]

    def _at_work(self) -> set[str]:
        return {entry.name for entry in os.scandir(self._store.active)}

    def _changed(self, rules: Sequence[Rule]) -> set[str]:
        """Runs whose state was written since the last look at all of them, whoever did so."""
        oldest = min((rule.since for rule in rules), default=self._now())
        since_ns = int((max(self._since, oldest) - _SLACK_S) * 1e9)
        changed = set()
        for entry in os.scandir(self._store.root):
            if entry.name.startswith("."):
                continue
            try:
                written_ns = os.stat(f"{entry.path}/state.json").st_mtime_ns
            except OSError:
                continue
            if written_ns > since_ns and self._states.get(entry.name) != written_ns:
                changed.add(entry.name)
            self._states[entry.name] = written_ns
        return changed


def _number_in(path: Path) -> float:
    try:
        return float(path.read_text())
    except (FileNotFoundError, ValueError):
        return 0.0
