"""What happened to a run and what its worker printed, by level and by words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import streamlit as st

from components import downloads, live_state, seeding, session
from components.log_lines import LEVELS, Level, Line, Wanted, found, of_event
from components.log_table import STYLE, events_table, output_table
from components.output_tail import MOST_LINES, OutputTail
from engine.runs.run import Run
from engine.runs.worker_log import FILE

MOST = 300
"""Lines drawn at once; the file has the others."""
EVENTS, OUTPUT = "Events", "Output"
NEWEST, OLDEST = "Newest first", "Newest last"


def show(run: Run) -> None:
    """Draw what is wanted of the log, reading only what was added since the last call."""
    source = _source()
    wanted, order = _wanted()
    lines = _events(run) if source == EVENTS else _tail(run.folder).read_on()
    if not lines:
        st.caption(_nothing(run, source))
        return
    shown = found(lines, wanted, MOST)
    ordered = shown.lines if order == OLDEST else shown.lines[::-1]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(_count_words(shown.total, len(lines), run, source), width="content")
        name = "events.jsonl" if source == EVENTS else FILE
        downloads.link("Download all of it", downloads.log_url(run.id, name))
    if ordered:
        st.html(STYLE + (_as_events(ordered) if source == EVENTS else output_table(ordered)))


def _source() -> str:
    seeding.seed(live_state.LOG_SOURCE, EVENTS)
    chosen = st.segmented_control(
        "Log of",
        [EVENTS, OUTPUT],
        key=live_state.LOG_SOURCE,
        label_visibility="collapsed",
        required=True,
        help="Events: what happened to the run. Output: what its worker printed and logged.",
    )
    return cast(str, chosen)


def _wanted() -> tuple[Wanted, str]:
    """What is to be shown, and in which order."""
    seeding.seed(live_state.LOG_LEVELS, list(LEVELS))
    seeding.seed(live_state.LOG_WORDS, "")
    seeding.seed(live_state.LOG_ORDER, NEWEST)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        words = st.text_input(
            "Search", key=live_state.LOG_WORDS, placeholder="Words in the line", width=280
        )
        levels = st.pills("Levels", LEVELS, selection_mode="multi", key=live_state.LOG_LEVELS)
        order = st.segmented_control(
            "Order", [NEWEST, OLDEST], key=live_state.LOG_ORDER, required=True
        )
    return Wanted(frozenset(cast(Sequence[Level], levels)), words), cast(str, order)


def _events(run: Run) -> list[Line]:
    """All events as lines; those that were made lines before are not made so again."""
    lines = live_state.log_lines(run.id)
    events = session.event_tail(run).read_on(run)
    lines.extend(of_event(event) for event in events[len(lines) :])
    return lines


@lru_cache(maxsize=4)
def _tail(folder: Path) -> OutputTail:
    """What was printed of a run, read once for all its viewers."""
    return OutputTail(folder / FILE)


def _as_events(lines: Sequence[Line]) -> str:
    zone = ZoneInfo(st.context.timezone) if st.context.timezone else None
    return events_table(lines, zone)


def _count_words(count: int, total: int, run: Run, source: str) -> str:
    what = "events" if source == EVENTS else "lines"
    parts = [f"{count:,} of {total:,} {what}"]
    if count > MOST:
        parts.append(f"the newest {MOST} are shown")
    if source == OUTPUT and _tail(run.folder).is_cut:
        parts.append(f"only the newest {MOST_LINES:,} are searched")
    return " · ".join(parts)


def _nothing(run: Run, source: str) -> str:
    if source == EVENTS:
        return "Nothing has happened yet."
    if run.state().launcher == "foreground":
        return (
            "There is no output here: a run that is trained by a program of yours prints to that "
            "program's terminal."
        )
    return "Its worker has printed nothing yet."
