"""What the machine did while it trained: a board of its own."""

from __future__ import annotations

import streamlit as st

from components.charts.board import live_charts
from components.live_chart import live_board
from engine.runs.run import Run
from engine.runs.state import ACTIVE

PREFIXES = ("system/", "gpu/")
"""Of the names of what is measured of the machine."""


def show(run: Run) -> None:
    """Draw the charts of the machine; they follow the run by themselves."""
    measured = [name for name in run.metrics() if name.startswith(PREFIXES)]
    if not measured:
        st.caption(_nothing(run))
        if run.state().status not in ACTIVE:
            return
    live_board({run.id: run.name}, live_charts(measured), key="system", only=PREFIXES)


def _nothing(run: Run) -> str:
    spec = run.record.spec
    if spec is None or spec.training.logging.system_every_s is not None:
        return "The machine was not measured, or not yet: the first reading comes after a second."
    return (
        "The machine is not measured. Fill in “System every” under Logging on the Launch page to "
        "see load, memory, disk and GPUs here."
    )
