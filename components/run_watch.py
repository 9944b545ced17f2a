"""The parts of the Live page that refresh themselves: header, buttons, and what the tabs hold."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from components import (
    alert_history,
    alert_line,
    checkpoint_view,
    evaluation_view,
    histogram_view,
    log_view,
    run_controls,
    run_header,
    run_overview,
    sample_view,
    session,
    system_view,
    trouble,
)
from components.models import run_code
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
        with st.container(key="live-head"), trouble.shown():
            run_header.show(run, state, session.last_values(), run_controls.pending(run, state))
            alert_line.show(run)
            run_controls.show(run, state)
            run_header.show_trouble(run, state)
            run_code.show(session.store(), run, state)
        if refresh_every_s(state.status) != refresh_every_s(status):
            st.rerun()

    _header()


def overview(run: Run, status: Status) -> None:
    """Draw the run at a glance; what changes all the time is in the header."""
    with trouble.shown():
        run_overview.show(run)


def samples(run: Run, status: Status) -> None:
    """Draw the samples and keep them fresh."""
    _kept_fresh(sample_view.show, run, refresh_every_s(status))


def evaluation(run: Run, status: Status) -> None:
    """Draw what the validations saw in detail and keep it fresh."""
    _kept_fresh(evaluation_view.show, run, _slowly(status))


def histograms(run: Run, status: Status) -> None:
    """Draw how weights, gradients and activations are spread and keep it fresh."""
    _kept_fresh(histogram_view.show, run, _slowly(status))


def checkpoints(run: Run, status: Status) -> None:
    """Draw the checkpoints and keep them fresh."""
    _kept_fresh(checkpoint_view.show, run, _slowly(status))


def alerts(run: Run, status: Status) -> None:
    """Draw the alerts and keep them fresh; rules of people's own may find some later."""
    _kept_fresh(alert_history.show, run, refresh_every_s(status) or _SLOW_REFRESH_S)


def log(run: Run, status: Status) -> None:
    """Draw the log and keep it fresh."""
    _kept_fresh(log_view.show, run, refresh_every_s(status))


def system(run: Run, status: Status) -> None:
    """Draw the charts of the machine, which follow the run by themselves."""
    system_view.show(run)


def _slowly(status: Status) -> float | None:
    return None if refresh_every_s(status) is None else _SLOW_REFRESH_S


def _kept_fresh(show: Callable[[Run], None], run: Run, every_s: float | None) -> None:
    """Draw a part again every so many seconds, by itself."""

    def draw() -> None:
        with trouble.shown():
            show(run)

    draw.__qualname__ = f"{show.__module__}.{show.__qualname__}"  # it is known by its name
    st.fragment(draw, run_every=every_s)()


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
