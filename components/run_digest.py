"""The part of the Overview that refreshes itself: what runs, what waits, what was done last."""

from __future__ import annotations

import streamlit as st

from components import run_cards, session, trouble
from engine.runs.entry import Entry
from engine.runs.index import RunIndex

_REFRESH_S = 2.0
_WAITS_S = 0.5
RECENT = 5


@st.fragment(run_every=_REFRESH_S)
def show() -> None:
    """Draw the runs by what they need."""
    with trouble.shown():
        entries = unarchived(session.store().index)
        _group("Now", at_work(entries), "now")
        _group("Waiting to be resumed", interrupted(entries), "waiting", resumable=True)
        _group("Recent runs", recent(entries), "recent")


def unarchived(index: RunIndex) -> list[Entry]:
    """The runs that are not put away, as far as they have been read."""
    entries = index.entries(within_s=_WAITS_S)
    index.read_on()
    return [entry for entry in entries if entry.facts.get("archived") is not True]


def at_work(entries: list[Entry]) -> list[Entry]:
    """Runs that are worked on, then those in the queue, in the order of their turn."""
    active = [entry for entry in reversed(entries) if entry.is_active]
    return sorted(active, key=lambda entry: entry.status == "queued")


def interrupted(entries: list[Entry]) -> list[Entry]:
    """The newest runs whose worker was lost."""
    return [entry for entry in entries if entry.status == "interrupted"][:RECENT]


def recent(entries: list[Entry]) -> list[Entry]:
    """The newest runs that have ended."""
    ended = [entry for entry in entries if entry.status in ("completed", "stopped", "failed")]
    return ended[:RECENT]


def _group(title: str, entries: list[Entry], key: str, *, resumable: bool = False) -> None:
    if entries:
        st.subheader(title)
        run_cards.show(entries, f"overview.{key}", resumable=resumable)
