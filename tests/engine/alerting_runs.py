"""Runs and rules for the tests of alerts: points at will, a clock that is told the time."""

from __future__ import annotations

import time

from engine.alerting.rule import Rule
from engine.alerting.rule_book import RuleBook
from engine.alerting.teller import Teller
from engine.alerting.watcher import Watcher
from engine.runs.series import MetricFiles, records_of
from engine.runs.state import RunState
from tests import fabricate


class Clock:
    def __init__(self):
        self.now = time.time()

    def __call__(self):
        return self.now


class Bench:
    """A runs folder with one live run, watched tick by tick."""

    def __init__(self, store):
        self.store, self.clock = store, Clock()
        self.book = RuleBook(store.root, now=self.clock)
        self.run = self.live()
        self.watcher = self.restarted()

    def live(self, **state):
        run = self.store.create(fabricate.TEXT)
        (self.store.active / run.id).touch()
        run.write_state(RunState(status="running", attempt=1, **state))
        return run

    def rule(self, condition, *, webhook=None, **fields):
        fields = {"name": "watch", "cooldown_min": 0, **fields}
        return self.book.put(Rule.parse({"condition": condition, **fields}), webhook)

    def log(self, values, *, first=1, metric="val/loss", run=None):
        """Values at steps from `first` on, a second apart, the last of them now."""
        run = run or self.run
        self.clock.now += len(values)
        begun = self.clock.now - len(values)
        points = [(first + at, begun + at + 1, value) for at, value in enumerate(values)]
        files = MetricFiles(run.metrics_folder)
        files.append(metric, records_of(points))
        files.close()

    def resume_from(self, step, run=None):
        run = run or self.run
        MetricFiles(run.metrics_folder).cut_after(step)
        state = run.state()
        again = {"status": "running", "attempt": state.attempt + 1, "resumed_from": step}
        run.write_state(state.model_copy(update=again))
        (self.store.active / run.id).touch()

    def end(self, status="completed", reason="", run=None):
        run = run or self.run
        (self.store.active / run.id).unlink()
        self.clock.now += 1
        ended = {"status": status, "reason": reason, "ended_at": self.clock.now}
        run.write_state(run.state().model_copy(update=ended))

    def restarted(self):
        """A watcher of a new server on the same folder."""
        self.watcher = Watcher(self.store, self.book, now=self.clock)
        return self.watcher

    def tick(self):
        """Steps of the alerts that a tick made, which the run's event log then holds too."""
        fired = self.watcher.tick()
        Teller(self.store).round()
        return [alert.step for alert in fired]

    def alerts(self, run=None):
        return [event for event in (run or self.run).events()[0] if event["kind"] == "alert"]
