"""The tabs of a run's page; only what the open one needs is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from components import (
    live_state,
    range_test_view,
    run_board,
    run_document,
    run_watch,
    session,
    trouble,
)
from engine.runs.run import Run
from engine.runs.state import Status


def _charts(run: Run, status: Status) -> None:
    range_test_view.show(run, status)
    run_board.of_one(run)


_TABS: Mapping[str, Callable[[Run, Status], None]] = {
    "Charts": _charts,
    "Overview": run_watch.overview,
    "Samples": run_watch.samples,
    "Evaluation": run_watch.evaluation,
    "Histograms": run_watch.histograms,
    "Checkpoints": run_watch.checkpoints,
    "Alerts": run_watch.alerts,
    "Log": run_watch.log,
    "System": run_watch.system,
    "Configuration": lambda run, _: run_document.show(run, session.store().root),
}
NAMES = tuple(_TABS)


def show(run: Run, status: Status) -> None:
    """Draw the tabs; which one is open is in the address of the page."""
    tabs = st.tabs(NAMES, key=live_state.LIVE_TAB, bind="query-params")
    for tab, draw in zip(tabs, _TABS.values(), strict=True):
        if tab.open:
            with tab, trouble.shown():
                draw(run, status)
