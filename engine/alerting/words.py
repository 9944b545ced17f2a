"""What an alert says: plain words, with the number, the bound and since when."""

from __future__ import annotations

import math

from engine.alerting.judges import Crossing
from engine.alerting.rule import Becomes, Compare, Condition, Measured, NoImprovement, NotFinite
from engine.runs.state import RunState

_LONGEST_REASON = 500
_SIDES = {"<": "below", "<=": "at most", ">": "above", ">=": "at least"}


def measured_text(condition: Measured, metric: str, found: Crossing) -> str:
    """What was measured, and since when."""
    since = f"since step {found.since_step:,}"
    where = f"{metric} was {number(found.value)} at step {found.step:,}"
    if isinstance(condition, NoImprovement):
        best = f"no new best after {number(found.best)} at step {found.since_step:,}"
        return f"{where}: {best}, {amount_words(condition)} ago or more."
    if isinstance(condition, NotFinite):
        return f"{where}, which is not a finite number, {since}."
    return f"{where}, {_SIDES[condition.is_]} {number(condition.value)} {since}."


def silent_text(metric: str | None, silent_s: float, step: int) -> str:
    """That a running run logs nothing any more."""
    what = "any metric" if metric is None else metric
    return f"No new value of {what} for {duration(silent_s)}; the run is at step {step:,}."


def status_text(state: RunState) -> str:
    """How the run ended, and why."""
    reason = state.reason[:_LONGEST_REASON]
    why = f": {reason}" if reason else ""
    return f"The run {_ENDINGS[state.status]} at step {state.step:,}{why}".rstrip(".") + "."


_ENDINGS = {
    "failed": "failed",
    "interrupted": "was interrupted",
    "completed": "completed",
    "stopped": "was stopped",
}


def condition_words(condition: Condition) -> str:
    """A condition as a line of a list."""
    match condition:
        case Compare():
            what = f"{condition.metric} {condition.is_} {number(condition.value)}"
            return f"{what} for {amount_words(condition)}"
        case NotFinite():
            return f"{condition.metric} is not finite for {amount_words(condition)}"
        case NoImprovement():
            best = f"no {condition.better} {condition.metric}"
            return f"{best} for {amount_words(condition)}"
        case Becomes():
            return f"the run is {' or '.join(condition.becomes)}"
        case _:
            what = condition.metric or "any metric"
            return f"no new value of {what} for {duration(condition.seconds)}"


def amount_words(condition: Measured) -> str:
    """How long: 5 points, 1 step."""
    unit = condition.unit.removesuffix("s") if condition.amount == 1 else condition.unit
    return f"{condition.amount:,} {unit}"


def number(value: float | None) -> str:
    """Four digits; NaN and infinities by their names."""
    if value is None:
        return "nothing"
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "infinity" if value > 0 else "-infinity"
    return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:.4g}"


def duration(seconds: float) -> str:
    """A time in its two largest units."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 120:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"
