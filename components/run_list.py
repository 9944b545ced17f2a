"""The part of the Runs page that refreshes itself: filter, table, selection."""

from __future__ import annotations

import streamlit as st

from components import run_table, session, trouble

_REFRESH_S = 2.0


def show() -> None:
    """Draw the filter and the table; the page runs again when other runs are chosen."""
    text = st.text_input(
        "Filter",
        key=session.RUNS_FILTER,
        type="search",
        placeholder="Words in name, tags, status, model or data",
        label_visibility="collapsed",
        live=True,
        persist_state="session",
    )
    st.fragment(_table, run_every=_REFRESH_S)(text)


def _table(text: str) -> None:
    with trouble.shown():
        rows = run_table.rows(session.store(), session.last_values())
        found = run_table.matching(rows, text)
        before = session.chosen_runs()
        st.caption(_count(len(found), len(rows)))
        chosen = run_table.show(found)
        if chosen != before:
            st.rerun()


def _count(found: int, of: int) -> str:
    runs = "run" if of == 1 else "runs"
    return f"{of:,} {runs}" if found == of else f"{found:,} of {of:,} {runs}"
