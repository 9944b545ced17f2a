"""One look at one run: what is new in it, judged by every rule that is about it."""

from __future__ import annotations

import fnmatch
import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.alerting.history import History
from engine.alerting.journal import Fired, id_of
from engine.alerting.judges import Crossing, Judge, Points, fits, judge_of
from engine.alerting.memory import MetricMemory, RunMemory
from engine.alerting.rule import Becomes, Compare, Measured, Rule, Silent
from engine.alerting.words import measured_text, silent_text, status_text
from engine.errors import DamagedRun
from engine.runs.run import Run
from engine.runs.series import Cursor, file_stem
from engine.runs.state import RunState

_stem_of = lru_cache(maxsize=4096)(file_stem)


class Seen(NamedTuple):
    """A run as it is looked at."""

    run: Run
    state: RunState
    now: float


@dataclass(slots=True)
class Looker:
    """Judges what is new in a run; what has fired before is told by the history."""

    history: History
    _names: dict[str, tuple[int, list[str]]] = field(default_factory=dict)

    def look(self, seen: Seen, memory: RunMemory, rules: Sequence[Rule]) -> Iterator[Fired]:
        """New alerts. Each must be written down before the next is asked for."""
        for rule in rules:
            condition = rule.condition
            if isinstance(condition, Becomes):
                yield from self._ended(seen, rule, condition)
            elif isinstance(condition, Silent):
                yield from self._silent(seen, rule, condition, memory)
            else:
                for metric in self._metrics(seen, condition.metric):
                    yield from self._measured(seen, rule, metric, memory)

    def _metrics(self, seen: Seen, pattern: str) -> list[str]:
        """The metrics that a rule's name or pattern means."""
        if not is_pattern(pattern):
            return [pattern]
        matches = _compiled(pattern).fullmatch
        return [metric for metric in self._all_metrics(seen) if matches(metric)]

    def _all_metrics(self, seen: Seen) -> list[str]:
        """Listed anew when the folder has changed, or has just now and may in the same instant."""
        try:
            changed_ns = os.stat(seen.run.metrics_folder).st_mtime_ns
        except OSError:
            return []
        known = self._names.get(seen.run.id)
        if known is None or known[0] != changed_ns or time.time_ns() - changed_ns < 2_000_000_000:
            self._names[seen.run.id] = known = changed_ns, seen.run.metrics()
        return known[1]

    def forget(self, run_id: str) -> None:
        """Drop what is remembered of a run that nothing happens to any more."""
        self._names.pop(run_id, None)

    # -- points --------------------------------------------------------------------------------

    def _measured(self, seen: Seen, rule: Rule, metric: str, memory: RunMemory) -> Iterator[Fired]:
        known = memory.of(rule, metric)
        if not _has_grown(seen, metric, known):
            return
        condition = rule.condition
        assert not isinstance(condition, Becomes | Silent)
        known = replace(known)  # what goes wrong below is done again from where it was
        if not fits(condition, known.judge):
            known = MetricMemory()  # of another version: judged anew, and told by the history
        cursor = Cursor(known.attempt, known.count) if known.count else None
        series = seen.run.series(metric, cursor)
        if series.restarted:
            _begin_again(known, seen.state, series.step)
        judge = judge_of(condition, known.judge or None)
        points = Points(series.step, series.time, series.value)
        crossings = judge.judge(_judged_points(points, seen.run, rule, known))
        for crossing in crossings:
            if not self._came_before(seen.run, rule, metric, known, crossing):
                yield from self._fire(seen, rule, metric, crossing)
        _remember(known, series.cursor, points, judge)
        memory.keep(rule, metric, known)

    def _came_before(
        self, run: Run, rule: Rule, metric: str, known: MetricMemory, found: Crossing
    ) -> bool:
        """Whether a resume makes an alarm come again, a few steps off.

        One at the very same step is known by its id.
        """
        begun = known.redone_from
        if begun is None or found.step > known.redone_to:
            return False
        before = self.history.steps(rule, run.id, _shown(metric))
        if found.step > begun and known.absorbed < sum(
            begun < step <= known.redone_to for step in before
        ):
            known.absorbed += 1
            return True
        return False

    def _fire(self, seen: Seen, rule: Rule, metric: str, found: Crossing) -> Iterator[Fired]:
        condition = rule.condition
        assert not isinstance(condition, Becomes | Silent)
        key = id_of(rule.id, rule.revision, seen.run.id, metric, found.step)
        if self.history.allows(rule, seen.run.id, key, found.time):
            yield Fired(
                **_about(seen, rule, key),
                metric=_shown(metric),
                value=found.value,
                bound=bound_of(condition, found),
                step=found.step,
                time=found.time,
                text=measured_text(condition, _shown(metric), found),
            )

    # -- what is not a point -------------------------------------------------------------------

    def _ended(self, seen: Seen, rule: Rule, condition: Becomes) -> Iterator[Fired]:
        state = seen.state
        ended_at = state.ended_at
        if state.status not in condition.becomes or ended_at is None or ended_at < rule.since:
            return
        key = id_of(rule.id, rule.revision, seen.run.id, state.status, ended_at)
        if self.history.allows(rule, seen.run.id, key, ended_at):
            text = status_text(state)
            about = _about(seen, rule, key)
            yield Fired(**about, step=state.step, time=ended_at, text=text)

    def _silent(
        self, seen: Seen, rule: Rule, condition: Silent, memory: RunMemory
    ) -> Iterator[Fired]:
        """The time counts from when a value was seen here: other machines' clocks may differ."""
        known, state = memory.silence(rule), seen.state
        if state.status != "running":
            known.seen = ""
            return
        metrics = self._metrics(seen, condition.metric or "*")
        there = str(sum(_size_of(seen.run, metric) for metric in metrics))
        if (state.attempt, there) != (known.attempt, known.seen) or not known.seen_at:
            known.attempt, known.seen, known.seen_at = state.attempt, there, seen.now
            memory.changed = True
        silent_s = seen.now - known.seen_at
        if silent_s < condition.seconds:
            return
        key = id_of(rule.id, rule.revision, seen.run.id, "silent", state.attempt, there)
        if self.history.allows(rule, seen.run.id, key, seen.now):
            yield Fired(
                **_about(seen, rule, key),
                metric=condition.metric,
                value=silent_s,
                bound=condition.seconds,
                step=state.step,
                time=seen.now,
                text=silent_text(condition.metric, silent_s, state.step),
            )


def is_pattern(metric: str) -> bool:
    return "*" in metric or "?" in metric


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern.replace("[", "[[]")))  # many stars cost it little


def bound_of(condition: Measured, found: Crossing) -> float | None:
    """The number that was compared with."""
    return condition.value if isinstance(condition, Compare) else found.best


def _about(seen: Seen, rule: Rule, key: str) -> dict[str, Any]:
    return {
        "id": key,
        "rule": rule.id,
        "revision": rule.revision,
        "name": rule.name,
        "run": seen.run.id,
        "run_name": _name_of(seen.run),
        "found_at": seen.now,
        "channels": rule.channels,
    }


def _shown(metric: str) -> str:
    """The name without halves of characters, which no screen and no JSON takes."""
    return metric.encode("utf-8", "replace").decode()


def _name_of(run: Run) -> str:
    """The name to show; damaged labels are no reason to say nothing."""
    try:
        return run.name
    except DamagedRun:
        return run.id


def _size_of(run: Run, metric: str) -> int:
    try:
        return os.stat(f"{run.metrics_folder}/{_stem_of(metric)}.bin").st_size
    except OSError:
        return 0


def _has_grown(seen: Seen, metric: str, known: MetricMemory) -> bool:
    """Whether reading a metric would give anything new: so that a look costs next to nothing."""
    count = _size_of(seen.run, metric) // 24
    return count != known.count or (seen.state.attempt != known.attempt and count > 0)


def _begin_again(known: MetricMemory, state: RunState, step: NDArray[np.int64]) -> None:
    """Judge the whole series once more: a resume has cut points of it."""
    resumed = known.attempt != state.attempt and state.resumed_from is not None
    kept = state.resumed_from if resumed else (int(step[-1]) if len(step) else 0)
    known.redone_from = kept
    known.redone_to = max(known.judged, known.redone_to)
    known.absorbed, known.begun, known.judge = 0, False, {}


def _judged_points(points: Points, run: Run, rule: Rule, known: MetricMemory) -> Points:
    """Points from the first one on that was logged after the rule was made.

    What a fork took over from its parent was judged there.
    """
    if known.begun or not len(points.step):
        return points
    origin = run.record.origin
    counts = (points.time >= rule.since) & (points.step > (origin.step if origin else -1))
    if not counts.any():
        return Points(points.step[:0], points.time[:0], points.value[:0])
    known.begun = True
    first = int(np.argmax(counts))
    return Points(points.step[first:], points.time[first:], points.value[first:])


def _remember(known: MetricMemory, cursor: Cursor, points: Points, judge: Judge) -> None:
    known.attempt, known.count = cursor.attempt, cursor.count
    known.judge = judge.state()
    if len(points.step):
        known.judged = int(points.step[-1])
