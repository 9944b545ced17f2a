"""History: what has fired, so that nothing fires twice."""

from __future__ import annotations

from collections import defaultdict

from engine.alerting.journal import Fired, Journal
from engine.alerting.rule import Rule


class History:
    """The journal by rule and run, read once and then kept up with what is appended."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._offset = 0
        self._ids: set[str] = set()
        self._of: defaultdict[tuple[str, str], list[Fired]] = defaultdict(list)

    def read_on(self) -> None:
        """Take note of what others have appended."""
        if self._offset > self._journal.size():
            self._offset = 0
        found, self._offset = self._journal.read(self._offset)
        for _, fired in found:
            self._note(fired)

    def add(self, fired: Fired) -> None:
        """Let an alert happen.

        Raises:
            OSError: when it could not be written down; it has not happened then.
        """
        self._journal.append(fired)
        self.read_on()

    def allows(self, rule: Rule, run_id: str, key: str, time: float) -> bool:
        """Whether an alert is a new one, and its rule is not resting."""
        if key in self._ids:
            return False
        before = self._before(rule, run_id)
        if rule.once and before:
            return False
        return not any(abs(time - fired.time) < 60 * rule.cooldown_min for fired in before)

    def steps(self, rule: Rule, run_id: str, metric: str) -> list[int]:
        """Where a rule, as it now is, has fired on a metric of a run."""
        return [fired.step for fired in self._before(rule, run_id) if fired.metric == metric]

    def _before(self, rule: Rule, run_id: str) -> list[Fired]:
        """What a rule, as it now is, has told of a run."""
        known = self._of.get((rule.id, run_id), ())
        return [fired for fired in known if fired.revision == rule.revision]

    def _note(self, fired: Fired) -> None:
        if fired.id not in self._ids:
            self._ids.add(fired.id)
            self._of[fired.rule, fired.run].append(fired)
