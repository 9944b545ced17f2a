"""Several runs beside one another: curves, metrics, differences, pictures, what they produced."""

from __future__ import annotations

import streamlit as st

from components import session, trouble
from components.comparison import (
    choice,
    curves,
    difference_table,
    metric_table,
    parallel_view,
    scatter_view,
    settings,
    sides,
)

TABS = ["Curves", "Metrics", "Differences", "Scatter", "Parallel", "Samples", "Evaluation"]

st.title("Compare")
with trouble.shown():
    store = session.store()
    found = choice.chosen(store)
    choice.show(store, found)
    runs = found.runs
    if not runs:
        st.info("Choose runs above, or on the Runs page.", icon=":material/compare_arrows:")
    else:
        how = settings.show(runs)
        tabs = st.tabs(TABS, key=session.COMPARE_TAB, bind="query-params")
        over, numbers, otherwise, points, lines, samples, evaluation = tabs
        with over:  # always, so that its charts stay the same nodes
            curves.show(runs, how)
        if numbers.open:
            with numbers:
                metric_table.show(store, runs, how)
        if otherwise.open:
            with otherwise:
                difference_table.show(runs, how)
        if points.open:
            with points:
                scatter_view.show(runs)
        if lines.open:
            with lines:
                parallel_view.show(runs)
        if samples.open:
            with samples:
                sides.samples(runs)
        if evaluation.open:
            with evaluation:
                sides.evaluations(runs)
