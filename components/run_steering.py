"""Steering: what can be changed about a run while it goes, each with its own button."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from components import live_state, popover, session
from components.field_words import complaint
from components.numbers import shown_number
from components.plain_text import as_markdown
from engine.errors import BadInput, Problem
from engine.learning_rates.course import OPEN_ENDED
from engine.runs.run import Run
from engine.runs.state import RunState
from engine.steering import ActName, Steering, request_text

Ask = Callable[[Run, str], None]
"""Leaves a request in the run's folder and remembers it."""

_ACTS: tuple[ActName, ...] = ("lr-factor", "more-steps", "patience")


def show(run: Run, state: RunState, ask: Ask) -> None:
    """Draw the button behind which a running run is changed."""
    is_test = run.spec.training.scheduler.name == "range-test"
    why_not = "A range test has its own learning rates and length." if is_test else ""
    button = popover.Button(
        "Steer",
        live_state.STEERING,
        icon=":material/tune:",
        help="Change the run while it goes.",
        why_not=why_not,
    )
    wishes = [session.wish_key(run.id, act) for act in _ACTS]
    popover.show(button, lambda: _fields(run, state, ask), keeps=wishes)


def _fields(run: Run, state: RunState, ask: Ask) -> None:
    with st.container(gap="xsmall"):
        _field(run, "lr-factor", "Multiply the learning rate by", 0.1, ask)
        rate = session.last_values().of(run.folder, "optim/lr")
        st.caption(rate_words(rate, _typed(run, "lr-factor")))
    with st.container(gap="xsmall"):
        _field(run, "more-steps", "Train more steps", 100.0, ask)
        st.caption(length_words(run, state, _typed(run, "more-steps")))
    with st.container(gap="xsmall"):
        _field(run, "patience", "Patience, in validations", 1.0, ask)
        _patience_now(run, _patience(run, state), ask)


def _patience_now(run: Run, patience: int | None, ask: Ask) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        now = "off" if patience is None else f"{patience:,}"
        st.caption(f"Now {now}: validations without improvement after which the run stops.")
        st.button(
            "Switch off",
            key="live.steer.patience.off",
            disabled=patience is None,
            help="It is off." if patience is None else None,
            on_click=ask,
            args=(run, request_text("patience", None)),
        )


def _field(run: Run, act: ActName, label: str, step: float, ask: Ask) -> None:
    """A number, the button that asks for it, and what was wrong with it."""
    with st.container(horizontal=True, wrap=False, vertical_alignment="bottom"):
        st.number_input(
            label,
            value=None,
            step=step,
            format="%.10g",
            key=session.wish_key(run.id, act),
            on_change=session.remember_wrong,
            args=(run.id, act),
        )
        st.button("Apply", key=f"live.steer.{act}.apply", on_click=_apply, args=(run, act, ask))
    for problem in session.wrong(run.id, act):
        st.markdown(f":small[:red[{as_markdown(complaint(problem))}]]")


def _apply(run: Run, act: ActName, ask: Ask) -> None:
    value = session.wish_value(run.id, act)
    if value is None:  # for the patience too: its own button switches it off
        session.remember_wrong(run.id, act, [Problem(act, "a value is needed")])
        return
    try:
        request = request_text(act, value)
    except BadInput as error:
        session.remember_wrong(run.id, act, error.problems)
        return
    session.remember_wrong(run.id, act)
    session.clear_wish(run.id, act)
    ask(run, request)


def _typed(run: Run, act: ActName) -> float | None:
    """What is filled in, if it makes sense."""
    value: float | None = session.wish_value(run.id, act)
    return value if value is not None and value > 0 else None


def rate_words(rate: float | None, factor: float | None) -> str:
    """The learning rate now, and what a factor would make of it."""
    if rate is None:
        return "No learning rate was recorded yet."
    now = f"Now {shown_number(rate, 3)}"
    return f"{now}." if factor is None else f"{now}, then {shown_number(rate * factor, 3)}."


def length_words(run: Run, state: RunState, more: float | None) -> str:
    """How long the run is, and what more steps do to that and to its schedule."""
    stretched = run.spec.training.scheduler.name not in OPEN_ENDED
    schedule = "What is left of the schedule is stretched over them." if stretched else ""
    if state.total_steps is None:
        return schedule
    then = "" if more is None else f", then {state.total_steps + int(more):,}"
    return f"Now {state.total_steps:,} in all{then}. {schedule}".strip()


def _patience(run: Run, state: RunState) -> int | None:
    configured = run.spec.training.early_stopping.patience
    return Steering(run.folder).patience(state.step, configured)
