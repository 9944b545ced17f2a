"""The parts of the Live page that refresh themselves: header, buttons, and what the tabs hold."""

from __future__ import annotations

import streamlit as st

from components import (
    alert_line,
    evaluation_view,
    event_log,
    histogram_view,
    run_controls,
    run_header,
    sample_view,
    session,
    trouble,
)
from engine.errors import DamagedRun
from engine.runs.run import Run
from engine.runs.state import RunState, Status

_REFRESH_S = 1.0
_SLOW_REFRESH_S = 5.0
"""Of what is large and changes seldom."""


def refresh_every_s(status: Status) -> float | None:
    """Seconds between two looks at a run; None when nothing can change any more.

    A run that ended before its last step is still looked at: another tab may resume it. That one
    was extended the header finds out, which looks at completed runs too, more seldom.
    """
    return None if status == "completed" else _REFRESH_S


def header(run: Run, status: Status) -> None:
    """Draw the header and the buttons, and keep them fresh; `status` is what the page was for."""

    @st.fragment(run_every=refresh_every_s(status) or _SLOW_REFRESH_S)
    def _header() -> None:
        state = _state_of(run)
        if state is None:
            return
        with trouble.shown():
            run_header.show(run, state, session.last_values(), run_controls.pending(run, state))
            alert_line.show(run)
            run_controls.show(run, state)
            run_header.show_trouble(run, state)
        if refresh_every_s(state.status) != refresh_every_s(status):
            st.rerun()

    _header()


def samples(run: Run, status: Status) -> None:
    """Draw the samples and keep them fresh."""
    st.fragment(_samples, run_every=refresh_every_s(status))(run)


def evaluation(run: Run, status: Status) -> None:
    """Draw what the validations saw in detail and keep it fresh."""
    st.fragment(_evaluation, run_every=_slowly(status))(run)


def histograms(run: Run, status: Status) -> None:
    """Draw how weights, gradients and activations are spread and keep it fresh."""
    st.fragment(_histograms, run_every=_slowly(status))(run)


def events(run: Run, status: Status) -> None:
    """Draw the event log and keep it fresh."""
    st.fragment(_events, run_every=refresh_every_s(status))(run)


def _slowly(status: Status) -> float | None:
    return None if refresh_every_s(status) is None else _SLOW_REFRESH_S


def _samples(run: Run) -> None:
    with trouble.shown():
        sample_view.show(run)


def _evaluation(run: Run) -> None:
    with trouble.shown():
        evaluation_view.show(run)


def _histograms(run: Run) -> None:
    with trouble.shown():
        histogram_view.show(run)


def _events(run: Run) -> None:
    with trouble.shown():
        event_log.show(run)


def _state_of(run: Run) -> RunState | None:
    """The state, or a message why there is none (any more)."""
    try:
        return run.state()
    except DamagedRun:
        if not run.folder.exists():
            st.info(
                "This run was deleted or moved to the trash while you were looking at it. "
                "The Runs page can restore it from the trash.",
                icon=":material/delete:",
            )
            return None
        with trouble.shown():
            raise
        return None
