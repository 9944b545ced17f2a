"""What can be made of a run: a longer one, one that goes on from a checkpoint, one like it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import live_state, popover, run_start, session, trouble, workspace
from components.field_words import complaint
from components.form_schema import NOT_OFFERED
from components.numbers import shown_number
from components.plain_text import as_markdown
from engine.errors import BadInput, Problem
from engine.learning_rates.course import OPEN_ENDED
from engine.runs.run import Run
from engine.runs.state import RunState

_STEPS, _FACTOR = "extend-steps", "extend-lr"
_FIELDS = {"steps": _STEPS, "lr_factor": _FACTOR}
"""Where the errors of an extension belong."""
_OBJECT = (
    "The model or data was handed over as an object; only the program that did so can train it."
)


def show(run: Run, state: RunState) -> None:
    """Draw the buttons."""
    spec = run.spec
    by_program = {spec.model.kind, spec.data.source} & NOT_OFFERED
    why_not = _OBJECT if by_program else ""
    _extend(run, state, why_not or why_not_extended(run, state))
    steps = run.checkpoint_steps()
    _fork(run, state, steps, why_not or why_not_forked(run, steps))
    if st.button(
        "Run again with changes",
        key="live.again",
        icon=":material/replay:",
        disabled=bool(why_not),
        help=why_not or "Puts its settings into the Launch form.",
    ):
        workspace.load(spec, f"The form now holds the settings of **{as_markdown(run.name)}**.")
        run_start.open_launch()


def why_not_forked(run: Run, steps: list[int]) -> str:
    """Why there is nothing to go on from; empty when there is."""
    if run.spec.training.scheduler.name == "range-test":
        return "A learning-rate range test ends where training diverges."
    return "" if steps else "There is no checkpoint yet."


def why_not_extended(run: Run, state: RunState) -> str:
    """Why a run cannot be extended now; empty when it can."""
    if run.spec.training.scheduler.name == "range-test":
        return "A learning-rate range test has one length."
    if state.status in ("running", "paused"):
        return "The run has not ended: steer it to train more steps."
    if state.status == "completed" or (state.status == "stopped" and state.step):
        return ""
    return "The run has steps left: resume it first."


# -- extending ---------------------------------------------------------------------------------


def _extend(run: Run, state: RunState, why_not: str) -> None:
    button = popover.Button(
        "Extend",
        live_state.EXTENDING,
        icon=":material/add_circle:",
        help="Train the same run for longer.",
        why_not=why_not,
    )
    wishes = [session.wish_key(run.id, wish) for wish in (_STEPS, _FACTOR)]
    popover.show(button, lambda: _extension(run, state), keeps=wishes)


def _extension(run: Run, state: RunState) -> None:
    with st.container(gap="xsmall"):
        _number(run, _STEPS, "More steps", 100.0)
        st.caption(extension_words(run, state, session.wish_value(run.id, _STEPS)))
    with st.container(gap="xsmall"):
        _number(run, _FACTOR, "Multiply the learning rate by", 0.1, placeholder="1")
        st.caption("A smaller one keeps more of what was learned.")
    st.button(
        "Extend and train",
        key="live.extend.go",
        type="primary",
        icon=":material/play_arrow:",
        on_click=_begin_extension,
        args=(run,),
    )


def _number(run: Run, wish: str, label: str, step: float, placeholder: str = "") -> None:
    st.number_input(
        label,
        value=None,
        step=step,
        format="%.10g",
        placeholder=placeholder,
        key=session.wish_key(run.id, wish),
        on_change=session.remember_wrong,
        args=(run.id, wish),
    )
    for problem in session.wrong(run.id, wish):
        st.markdown(f":small[:red[{as_markdown(complaint(problem))}]]")


def extension_words(run: Run, state: RunState, more: float | None) -> str:
    """Where an extension ends, and what its learning rate does."""
    name = run.spec.training.scheduler.name
    rate = (
        "The schedule goes on."
        if name in OPEN_ENDED
        else "The whole schedule runs anew over them, from its beginning."
    )
    if not more or more < 0:
        return rate
    return f"From step {state.step:,} to step {state.step + int(more):,}. {rate}"


def _begin_extension(run: Run) -> None:
    steps, factor = (session.wish_value(run.id, wish) for wish in (_STEPS, _FACTOR))
    problems = _wrong_steps(steps)
    with trouble.shown():
        try:
            if not problems:
                run_start.extend(run, int(steps), 1.0 if factor is None else factor)
                popover.close(live_state.EXTENDING)
        except BadInput as error:
            problems = error.problems
    for path, wish in _FIELDS.items():
        session.remember_wrong(run.id, wish, [found for found in problems if found.path == path])
    for found in problems:
        if found.path not in _FIELDS:
            st.toast(as_markdown(complaint(found)), icon=":material/error:")


def _wrong_steps(steps: float | None) -> Sequence[Problem]:
    if steps is None:
        return [Problem("steps", "a value is needed")]
    if not steps.is_integer():
        return [Problem("steps", "must be a whole number", f"{steps:g}")]
    return ()


# -- forking -----------------------------------------------------------------------------------


def _fork(run: Run, state: RunState, steps: list[int], why_not: str) -> None:
    button = popover.Button(
        "Fork",
        live_state.FORKING,
        icon=":material/fork_right:",
        help="Begin a new run at one of the checkpoints of this one.",
        why_not=why_not,
    )
    popover.show(button, lambda: _beginning(run, state, steps), keeps=[session.FORK_STEP])


def _beginning(run: Run, state: RunState, steps: list[int]) -> None:
    step = _picked(run, steps)
    best = state.best
    if best is not None and best.step in steps:
        st.caption(f"The best by {as_markdown(best.metric)} is that of step {best.step:,}.")
    st.caption(
        "The new run goes on from its weights, with the settings of this run; change them in the "
        "form before you start it."
    )
    if st.button("Set it up", key="live.fork.go", type="primary", icon=":material/arrow_forward:"):
        workspace.begin_fork(run, step)
        run_start.open_launch()


def _picked(run: Run, steps: list[int]) -> int:
    """A checkpoint's step: the newest as it comes, unless one was picked."""
    key = session.FORK_STEP
    if session.follows(key) or st.session_state.get(key) not in steps:
        st.session_state[key] = steps[-1]
    labels = checkpoint_labels(run, steps)
    step: int = st.selectbox(
        "From the checkpoint at step",
        steps[::-1],
        key=key,
        format_func=labels.__getitem__,
        on_change=lambda: session.follow(key, st.session_state[key] == steps[-1]),
    )
    return step


def checkpoint_labels(run: Run, steps: Sequence[int]) -> dict[int, str]:
    """Each step with what was measured there; the labels never change, as the browser sends them.

    (Which one is the best or the newest changes.)
    """
    monitor = run.spec.training.evaluation.monitor
    series = run.series(monitor)
    measured = dict(zip(series.step.tolist(), series.value.tolist(), strict=True))
    return {
        step: f"{step:,} · {monitor} {shown_number(measured[step])}"
        if step in measured
        else f"{step:,}"
        for step in steps
    }
