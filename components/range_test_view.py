"""What a learning-rate range test found."""

from __future__ import annotations

import streamlit as st

from components import readable
from components.charts.range_test import range_figure
from engine.learning_rates.range_test import range_result
from engine.runs.run import Run
from engine.runs.state import ACTIVE, Status


def show(run: Run, status: Status) -> None:
    """Draw the loss over the learning rate of a range test that has ended; nothing for others."""
    if run.record.spec.training.scheduler.name != "range-test":
        return
    if status in ACTIVE:
        st.caption("A learning-rate range test: its result is drawn here when it has ended.")
        return
    result = range_result(run)
    if result.suggestion is None:
        st.warning("The loss never fell, so no learning rate can be suggested.")
    else:
        shown = readable.shortest(float(f"{result.suggestion:.2g}"))
        st.markdown(f"Suggested learning rate: **{shown}**, where the loss fell fastest.")
    st.plotly_chart(
        range_figure(result), key=f"range-test.{run.id}", config={"displayModeBar": False}
    )
