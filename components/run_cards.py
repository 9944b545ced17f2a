"""Runs as a list of cards: who, how far, how good, and what to do next."""

from __future__ import annotations

import html
from collections.abc import Sequence

import streamlit as st

from components import run_controls, run_start, session
from components.durations import clock_duration
from components.numbers import shown_number
from components.run_table import RunRow
from components.status_badge import status_badge

_NAME_STYLE = (
    "font-weight:600;overflow-wrap:anywhere;display:-webkit-box;-webkit-line-clamp:2;"
    "-webkit-box-orient:vertical;overflow:hidden"
)


def show(rows: Sequence[RunRow], key_prefix: str, *, resumable: bool = False) -> None:
    """Draw a card for each run, with a button that opens it and, if asked, one that resumes it."""
    for row in rows:
        with st.container(border=True, gap="xsmall"):
            _card(row, f"{key_prefix}.{row.id}", resumable)


def _card(row: RunRow, key: str, resumable: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(width="stretch", gap=None):
            st.html(f'<div style="{_NAME_STYLE}">{html.escape(row.name)}</div>')
            st.caption(summary_words(row))
        status_badge(row.status)
        if resumable:
            st.button(
                "Resume",
                key=f"{key}.resume",
                icon=":material/play_arrow:",
                on_click=_resume,
                args=(row.id,),
            )
        if st.button("Open", key=f"{key}.open", icon=":material/monitoring:"):
            run_start.open_live(row.id)
    if row.status in ("running", "paused") and row.progress is not None:
        st.progress(min(1.0, row.progress / 100))


def summary_words(row: RunRow) -> str:
    """Model and data, how far it is, how long it took, and the numbers that there are."""
    parts = [row.model, row.data]
    if row.progress is not None and row.status != "completed":
        parts.append(f"{row.progress:.0f}%")
    if row.trained_s is not None:
        parts.append(f"trained {clock_duration(row.trained_s)}")
    if row.best is not None:
        parts.append(f"best {row.monitor} {shown_number(row.best)}")
    return " · ".join(part for part in parts if part)


def _resume(run_id: str) -> None:
    run_controls.ask(session.store().open(run_id), "resume")
