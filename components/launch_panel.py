"""What a run will do, take and need, and the button that starts it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from components import batch_size_finder, readable, run_start, session, trouble, workspace
from components.charts.palette import COLORS
from components.charts.schedule import schedule_curve, schedule_figure
from components.draft import LAUNCHERS
from components.field_words import complaint
from components.models import gate, save_model
from components.numbers import DASH
from components.outlook import Outlook
from components.plain_text import as_markdown
from engine.errors import Problem
from engine.learning_rates.range_test import HIGHEST, LOWEST, STEPS, range_spec
from engine.run_spec import RunSpec

_LAUNCHER = "launcher"
_START, _FIND_RATE = "start", "find a rate"
"""What may have to wait for the trial of a model."""
_CORRECT_FIRST = "Correct the marked fields first."
_RANGE_TEST = (
    f"Trains {STEPS} steps while the learning rate rises from {LOWEST:g} to {HIGHEST:g}, as a run "
    "of its own, and suggests the rate at which the loss fell fastest."
)
_LAUNCHERS = {
    "auto": "Picks for you: a process of its own on a CPU, a thread of the server on a GPU.",
    "thread": "Trains inside the server and stops with it; on a CPU, open pages slow it down.",
    "process": "Trains in a process of its own; it goes on when the server stops.",
}


def show(outlook: Outlook) -> None:
    """Draw the panel."""
    with st.container(border=True, key="launch-panel"):
        _panel(outlook)


def _panel(outlook: Outlook) -> None:
    st.markdown("##### What will happen")
    if outlook.estimate is not None:
        _numbers(outlook)
        _schedule(outlook)
    save_model.show(outlook)
    for problem in outlook.warnings:
        st.warning(_sentence(outlook, problem), icon=":material/warning:")
    if outlook.problems:
        _mistakes(outlook)
    _start(outlook)


def _numbers(outlook: Outlook) -> None:
    rows = numbers(outlook)
    counted = None if outlook.spec is None else gate.parameters_of(outlook.spec)
    if counted is not None:
        rows["Parameters"] = readable.count(counted)
    with st.grid(3, min_column_width=80, gap=("small", "xsmall")):
        for label, value in rows.items():
            st.markdown(f":small[:gray[{label}]]  \n**{as_markdown(value)}**")
    st.markdown(f":small[:gray[Time]]  \n**{as_markdown(expected_time(outlook))}**")


def numbers(outlook: Outlook) -> dict[str, str]:
    """What the run amounts to, by label; what is not known is a dash, never a guess."""
    known = outlook.estimate
    assert known is not None
    rows = {
        "Parameters": _maybe(readable.count, known.parameters),
        "Steps": _maybe(readable.count, known.steps),
        "Epochs": _maybe(readable.shortest, known.epochs and float(f"{known.epochs:.3g}")),
        "Samples seen": _maybe(readable.count, known.samples),
        "Tokens seen": _maybe(readable.count, known.tokens),
        "FLOPs": _maybe("{:.3g}".format, known.flops),
        "Memory": _maybe(readable.size, known.memory_bytes),
        "Checkpoints": _maybe(readable.size, known.disk_bytes),
    }
    if known.tokens is None:
        del rows["Tokens seen"]
    if outlook.plan is not None:
        rows = {"Steps to come": _maybe(readable.count, outlook.steps), **rows}
    return rows


def _maybe(words: Callable[[float], str], number: float | None) -> str:
    return DASH if number is None else words(number)


def expected_time(outlook: Outlook) -> str:
    """From earlier runs of the same work on this machine, else said to be unknown."""
    if outlook.pace is None or outlook.steps is None:
        return "unknown until the first run"
    return f"about {readable.duration(outlook.pace.step_s * outlook.steps)}"


def _schedule(outlook: Outlook) -> None:
    spec, known = outlook.spec, outlook.estimate
    if spec is None or known is None or known.steps is None:
        return
    training = spec.training
    measured = training.scheduler.name == "plateau"
    st.caption("Learning rate, as long as validation improves" if measured else "Learning rate")
    plan = outlook.plan
    ahead = None if plan is None else range(plan.origin.step, plan.total_steps)
    acts = () if plan is None else plan.acts
    figure = schedule_figure(
        *schedule_curve(training.optimizer, training.scheduler, known.steps, steps=ahead, acts=acts)
    )
    if plan is not None:
        figure.add_vline(x=plan.origin.step, line={"color": COLORS[1], "dash": "dot"})
    st.plotly_chart(
        figure,
        key="launch.schedule",
        config={"displayModeBar": False},
    )
    if workspace.current().draft.fork is None:
        _find_rate(outlook)
        batch_size_finder.show(outlook)


def _find_rate(outlook: Outlook) -> None:
    """The button that starts a learning-rate range test of the form."""
    ready = outlook.spec is not None and not outlook.problems
    if (
        st.button(
            "Find a learning rate",
            key="launch.range-test",
            icon=":material/troubleshoot:",
            disabled=not ready,
            help=_RANGE_TEST if ready else _CORRECT_FIRST,
        )
        and outlook.spec is not None
    ):
        with trouble.shown():
            if gate.passes(outlook.spec):
                _go_on(outlook.spec, _FIND_RATE)
            else:
                gate.hold(outlook.spec, _FIND_RATE)


def _mistakes(outlook: Outlook) -> None:
    """All that keeps the run from starting, also what is folded away in the form."""
    lines = [f"- {_sentence(outlook, problem)}" for problem in outlook.problems]
    st.error("\n".join(lines), title="Correct this before starting", icon=":material/error:")


def _sentence(outlook: Outlook, problem: Problem) -> str:
    return f"**{as_markdown(outlook.label_of(problem))}**: {as_markdown(complaint(problem))}"


def _start(outlook: Outlook) -> None:
    launcher = workspace.current().draft.launcher
    st.segmented_control(
        "Run as",
        LAUNCHERS,
        key=session.seed(_LAUNCHER, launcher),
        required=True,
        format_func=readable.choice,
        on_change=_choose_launcher,
        width="stretch",
    )
    st.caption(_LAUNCHERS[launcher])
    ready = outlook.spec is not None and not outlook.problems
    clicked = st.button(
        "Start" if workspace.current().draft.fork is None else "Start the fork",
        key="launch.start",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        disabled=not ready,
        help=None if ready else _CORRECT_FIRST,
    )
    spec = outlook.spec
    if not ready or spec is None or outlook.facts is None:
        return
    if outlook.plan is None and not gate.passes(spec):
        st.caption("It is tried on one real batch first, and queued when that works.")
    with trouble.shown():
        if clicked and outlook.plan is not None:
            run = run_start.begin_fork(outlook.plan, launcher)
            workspace.end_fork()
            run_start.open_live(run.id)
        elif clicked and gate.passes(spec):
            run_start.open_live(run_start.begin(spec, launcher).id)
        elif clicked:
            gate.hold(spec, _START)
        _go_on(spec, gate.show(spec))


def _go_on(spec: RunSpec, wish: str) -> None:
    """Do what waited for the trial of a model that works."""
    launcher = workspace.current().draft.launcher
    if wish == _START:
        run_start.open_live(run_start.begin(spec, launcher).id)
    elif wish == _FIND_RATE:
        run_start.open_live(run_start.begin(range_spec(spec), launcher).id)


def _choose_launcher() -> None:
    chosen = session.form_value(_LAUNCHER)
    workspace.change(replace(workspace.current().draft, launcher=chosen))
