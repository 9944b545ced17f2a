"""Runs as a list of cards: who, how far, how good, and what to do next."""

from __future__ import annotations

import html
from collections.abc import Sequence

import streamlit as st

from components import run_controls, run_start, session
from components.durations import shown_duration
from components.numbers import shown_number
from components.status_badge import status_badge
from engine.runs.entry import Entry

_NAME_STYLE = (
    "font-weight:600;overflow-wrap:anywhere;display:-webkit-box;-webkit-line-clamp:2;"
    "-webkit-box-orient:vertical;overflow:hidden"
)


def show(entries: Sequence[Entry], key_prefix: str, *, resumable: bool = False) -> None:
    """Draw a card for each run, with a button that opens it and, if asked, one that resumes it."""
    for entry in entries:
        with st.container(border=True, gap="xsmall"):
            _card(entry, f"{key_prefix}.{entry.id}", resumable)


def _card(entry: Entry, key: str, resumable: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(width="stretch", gap=None):
            st.html(f'<div style="{_NAME_STYLE}">{html.escape(entry.name)}</div>')
            st.caption(summary_words(entry))
        status_badge(entry.status)
        if resumable:
            st.button(
                "Resume",
                key=f"{key}.resume",
                icon=":material/play_arrow:",
                on_click=_resume,
                args=(entry.id,),
            )
        if st.button("Open", key=f"{key}.open", icon=":material/monitoring:"):
            run_start.open_live(entry.id)
    progress = entry.facts.get("progress")
    if entry.status in ("running", "paused") and isinstance(progress, float):
        st.progress(min(1.0, progress / 100))


def summary_words(entry: Entry) -> str:
    """Model and data, how far it is, how long it took, and the numbers that there are."""
    facts = entry.facts
    progress, trained_s, best = facts.get("progress"), facts.get("trained_s"), facts.get("best")
    parts = [str(facts.get("model") or ""), str(facts.get("data") or "")]
    if isinstance(progress, float) and entry.status != "completed":
        parts.append(f"{progress:.0f}%")
    if isinstance(trained_s, float):
        parts.append(f"trained {shown_duration(trained_s)}")
    if isinstance(best, float):
        parts.append(f"best {facts.get('best.metric')} {shown_number(best)}")
    return " · ".join(part for part in parts if part)


def _resume(run_id: str) -> None:
    run_controls.ask(session.store().open(run_id), "resume")
