"""Alerts of a run that nobody has read yet, in one line, until they are dismissed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import streamlit as st

from components import live_state, popover, session
from components.charts.marks import Mark, mark_of
from components.plain_text import as_markdown
from engine.runs.run import Run

MOST_KINDS = 3
MOST_TEXTS = 10
_ALARMING = ("warning", "bad")
_IN_A_BANNER = "failed"
"""A kind of event that the page says elsewhere."""


class Alert(NamedTuple):
    """One event that is worth a look."""

    mark: Mark
    text: str


def show(run: Run) -> None:
    """Draw the line; nothing when there are no news."""
    events = session.event_tail(run).read_on(run)
    alerts = _unread(run.id, events)
    if not alerts:
        return
    bad = any(alert.mark.tone == "bad" for alert in alerts)
    color: Literal["red", "orange"] = "red" if bad else "orange"
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key="live-alert-line"
    ):
        st.badge(count_words(alerts), icon=":material/warning:", color=color)
        st.markdown(f":small[{as_markdown(in_words(alerts))}]", width="content")
        button = popover.Button("Read", live_state.READING, look="tertiary")
        popover.show(button, lambda: _texts(alerts))
        st.button(
            "Dismiss",
            key="live.alerts.dismiss",
            icon=":material/done_all:",
            type="tertiary",
            help="They stay in the event log and on the curves.",
            on_click=session.remember_events_read,
            args=(run.id, len(events)),
        )


def _texts(alerts: Sequence[Alert]) -> None:
    for alert in alerts[: -MOST_TEXTS - 1 : -1]:
        st.markdown(as_markdown(alert.text))


@dataclass(slots=True)
class _Looked:
    """The alerts among the events from one number up to another."""

    run_id: str
    since: int
    until: int
    alerts: list[Alert]


def _unread(run_id: str, events: Sequence[Mapping[str, Any]]) -> list[Alert]:
    """The alerts that were not dismissed; an event is looked at once, however often they are drawn.

    (A run may have a hundred thousand events, and this is drawn every second.)
    """
    since = session.events_read(run_id)
    looked: _Looked | None = st.session_state.get(live_state.ALERTS_FOUND)
    if looked is None or (looked.run_id, looked.since) != (run_id, since):
        st.session_state[live_state.ALERTS_FOUND] = looked = _Looked(run_id, since, since, [])
    looked.alerts += alerts_of(events[looked.until :])
    looked.until = len(events)
    return looked.alerts


def alerts_of(events: Sequence[Mapping[str, Any]]) -> list[Alert]:
    """The events that warn of something or tell of trouble that training survived."""
    marked = ((mark_of(event), str(event.get("text", ""))) for event in events)
    return [
        Alert(mark, text)
        for mark, text in marked
        if mark is not None and mark.tone in _ALARMING and mark.label != _IN_A_BANNER
    ]


def count_words(alerts: Sequence[Alert]) -> str:
    """How many there are."""
    return "1 alert" if len(alerts) == 1 else f"{len(alerts):,} alerts"


def in_words(alerts: Sequence[Alert]) -> str:
    """What they are and where, those of one kind together, the newest kind first."""
    kinds: dict[str, list[int]] = {}
    for mark, _ in reversed(alerts):
        kinds.setdefault(mark.label, []).append(mark.step)
    parts = [_kind_words(label, steps) for label, steps in list(kinds.items())[:MOST_KINDS]]
    more = len(kinds) - MOST_KINDS
    return ", ".join(parts) + (f" and {more} more kinds" if more > 0 else "")


def _kind_words(label: str, steps: Sequence[int]) -> str:
    if len(steps) == 1:
        return f"{label} at step {steps[0]:,}"
    return f"{len(steps):,} × {label}, the last at step {steps[0]:,}"
