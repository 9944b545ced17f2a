"""What the model produced at its validations: texts, and what it got wrong."""

from __future__ import annotations

import streamlit as st

from components import session, step_picker
from components.sample_html import STYLE, samples_html
from engine.runs.run import Run


def show(run: Run) -> None:
    """Draw the samples of a step; the newest, and those that follow, unless one was picked."""
    steps = run.sample_steps()
    if not steps:
        st.caption("Samples appear here after the first validation.")
        return
    step = step_picker.pick(steps, "Samples at step", session.SAMPLE_STEP)
    try:
        samples = run.samples(step)
    except (OSError, ValueError) as error:
        st.warning(f"The samples of step {step:,} cannot be read ({type(error).__name__}).")
        return
    st.html(STYLE + samples_html(samples))
