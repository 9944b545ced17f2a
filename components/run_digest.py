"""The part of the Overview that refreshes itself: what runs, what waits, what was done last."""

from __future__ import annotations

import streamlit as st

from components import run_cards, run_table, session, trouble
from components.run_table import RunRow
from engine.runs.state import ACTIVE

_REFRESH_S = 2.0
RECENT = 5


@st.fragment(run_every=_REFRESH_S)
def show() -> None:
    """Draw the runs by what they need."""
    with trouble.shown():
        rows = run_table.rows(session.store(), session.last_values())
        _group("Now", at_work(rows), "now")
        _group("Waiting to be resumed", interrupted(rows), "waiting", resumable=True)
        _group("Recent runs", recent(rows), "recent")


def at_work(rows: list[RunRow]) -> list[RunRow]:
    """Runs that are worked on, then those in the queue, in the order of their turn."""
    active = [row for row in reversed(rows) if row.status in ACTIVE]
    return sorted(active, key=lambda row: row.status == "queued")


def interrupted(rows: list[RunRow]) -> list[RunRow]:
    """The newest runs whose worker was lost."""
    return [row for row in rows if row.status == "interrupted"][:RECENT]


def recent(rows: list[RunRow]) -> list[RunRow]:
    """The newest runs that have ended."""
    ended = [row for row in rows if row.status in ("completed", "stopped", "failed")]
    return ended[:RECENT]


def _group(title: str, rows: list[RunRow], key: str, *, resumable: bool = False) -> None:
    if rows:
        st.subheader(title)
        run_cards.show(rows, f"overview.{key}", resumable=resumable)
