"""The event log of a run: newest first, as plain text."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from components import session
from engine.runs.run import Run

MOST = 200
"""Events drawn at once; the file has the others."""

_STYLE = """<style>
.td-events {border-collapse: collapse; width: 100%; font-size: 0.875rem}
.td-events td {padding: 0.3rem 0.75rem 0.3rem 0; vertical-align: top; text-align: left;
  border-bottom: 1px solid color-mix(in srgb, currentColor 12%, transparent)}
.td-events td.fixed {white-space: nowrap; opacity: 0.75; font-variant-numeric: tabular-nums}
.td-events td.text {width: 100%; white-space: pre-wrap; overflow-wrap: anywhere}
</style>"""


def show(run: Run) -> None:
    """Draw the newest events, reading only what was added since the last call."""
    events = session.event_tail(run).read_on(run)
    if not events:
        st.caption("Nothing has happened yet.")
        return
    zone = ZoneInfo(st.context.timezone) if st.context.timezone else None
    st.html(_STYLE + table_of(events[-MOST:], zone))
    if len(events) > MOST:
        st.caption(f"The newest {MOST} of {len(events):,} events.")


def table_of(events: Sequence[Mapping[str, Any]], zone: tzinfo | None) -> str:
    """Events as an HTML table, newest first, every text escaped."""
    rows = "".join(_row(event, zone) for event in reversed(events))
    return f'<table class="td-events"><tbody>{rows}</tbody></table>'


def _row(event: Mapping[str, Any], zone: tzinfo | None) -> str:
    step = event.get("step")
    at = f"step {step:,}" if isinstance(step, int) else ""
    fixed = (_clock(event.get("time"), zone), html.escape(str(event.get("kind", ""))), at)
    cells = "".join(f'<td class="fixed">{cell}</td>' for cell in fixed)
    return f'<tr>{cells}<td class="text">{html.escape(str(event.get("text", "")))}</td></tr>'


def _clock(time: object, zone: tzinfo | None) -> str:
    if not isinstance(time, int | float):
        return ""
    try:
        return f"{datetime.fromtimestamp(time, zone):%Y-%m-%d %H:%M:%S}"
    except (OverflowError, ValueError, OSError):
        return ""
