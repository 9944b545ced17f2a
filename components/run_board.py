"""The charts of one run, or of several laid over one another."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import system_view
from components.charts.board import live_charts, overlay_charts
from components.charts.palette import COLORS, DASHES
from components.live_chart import live_board
from engine.runs.run import Run
from engine.runs.store import RunStore, RunSummary

MOST = 120
"""Runs laid over one another at once."""


def of_one(run: Run) -> None:
    """Draw the board of a run; it follows the run by itself."""
    shown = live_charts(run.metrics())
    live_board({run.id: run.name}, shown, key="live", without=system_view.PREFIXES)


def of_several(store: RunStore, summaries: Sequence[RunSummary]) -> None:
    """Draw one board with a curve for each run that can be read."""
    readable = [summary for summary in summaries if not summary.damage][:MOST]
    metrics: set[str] = set()
    for summary in readable:
        metrics.update(store.open(summary.id).metrics())
    if not metrics:
        st.caption("No curves yet.")
        return
    if len(summaries) > MOST:
        st.caption(f"The newest {MOST} of {len(summaries)} chosen runs.")
    if len(readable) > len(COLORS) * len(DASHES):
        st.caption("Some of so many runs look alike: point at a curve to read which one it is.")
    names = {summary.id: summary.name for summary in readable}
    live_board(names, overlay_charts(sorted(metrics)), key="overlay", overlay=True)
