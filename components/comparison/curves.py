"""The curves of the runs, one over the other, on a board that follows them by itself."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.charts.board import overlay_charts
from components.comparison.settings import Settings
from components.live_chart import live_board
from engine.comparison import Compared
from engine.comparison.fields import metrics_of


def show(runs: Sequence[Compared], settings: Settings) -> None:
    """Draw one chart a metric."""
    metrics = metrics_of(runs)
    if not metrics:
        st.caption("No curves yet.")
        return
    names = {run.id: run.heading for run in runs}
    live_board(names, overlay_charts(metrics), key="compare", overlay=True)
