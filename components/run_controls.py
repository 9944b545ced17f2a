"""The buttons that ask something of a run."""

from __future__ import annotations

import time

import streamlit as st

from components import live_state, popover, run_branches, run_start, run_steering, session, trouble
from components.plain_text import as_markdown
from components.run_requests import Action, Asked, doing, is_offered, refusal
from engine.runs.run import Run
from engine.runs.state import RESUMABLE, RunState

_BUTTONS: tuple[tuple[Action, str, str], ...] = (
    ("pause", "Pause", ":material/pause:"),
    ("resume", "Resume", ":material/play_arrow:"),
    ("stop-and-save", "Stop and save", ":material/save:"),
    ("stop", "Stop", ":material/stop:"),
    ("checkpoint", "Checkpoint now", ":material/flag:"),
    ("validate", "Validate now", ":material/fact_check:"),
    ("unqueue", "Take out of the queue", ":material/playlist_remove:"),
)


def pending(run: Run, state: RunState) -> str:
    """What was asked of the run, here or in another tab, and is not done yet; empty for nothing."""
    asked = session.asked(run.id)
    if asked is not None:
        news = session.event_tail(run).read_on(run)[asked.events :]
        if not asked.is_done(state, {str(event.get("kind")) for event in news}, time.time()):
            return doing(asked.request)
        session.remember_asked(None)
    left = run.waiting_requests()
    return doing(left[-1]) if left else ""


def show(run: Run, state: RunState) -> None:
    """Draw the buttons for what makes sense now; those that are not possible say why."""
    spec = run.record.spec
    if spec is None:
        return  # imported: there is nothing to ask of it
    in_memory = spec.model.kind == "in-memory"
    with st.container(horizontal=True, gap="small", key="live-controls"):
        for action, label, icon in _BUTTONS:
            if not is_offered(action, state.status):
                continue
            why_not = refusal(action, state.status, in_memory=in_memory)
            if action == "stop":
                _confirmed_stop(run, state, why_not)
            else:
                _button(run, action, label, icon, why_not)
        if is_offered("steer", state.status):
            run_steering.show(run, state, ask)
        run_branches.show(run, state)


def ask(run: Run, request: str) -> None:
    """Do or request something, and remember it until the run has answered."""
    with trouble.shown():
        state = run.state()
        events = len(session.event_tail(run).read_on(run))
        _carry_out(run, state, request)
        session.remember_asked(Asked(run.id, request, state.status, events, time.time()))


def _carry_out(run: Run, state: RunState, request: str) -> None:
    if request == "unqueue":
        if not session.store().unqueue(run):
            run.request("stop")  # a launcher was quicker; its worker stops when it is up
    elif request == "resume" and state.status in RESUMABLE:
        run_start.resume(run)
    else:
        run.request(request)


def _confirmed_stop(run: Run, state: RunState, why_not: str) -> None:
    button = popover.Button("Stop", live_state.STOPPING, icon=":material/stop:", why_not=why_not)
    popover.show(button, lambda: _question(run, state))


def _question(run: Run, state: RunState) -> None:
    st.write(f"Stop without saving? {as_markdown(_lost_words(run, state))}")
    st.button(
        "Stop without saving",
        key="live.stop",
        icon=":material/stop:",
        on_click=_stop,
        args=(run,),
    )


def _stop(run: Run) -> None:
    popover.close(live_state.STOPPING)
    ask(run, "stop")


def _lost_words(run: Run, state: RunState) -> str:
    steps = run.checkpoint_steps()
    kept = steps[-1] if steps else 0
    return (
        f"A later Resume begins at step {kept:,}; the {state.step - kept:,} steps since are lost."
    )


def _button(run: Run, action: Action, label: str, icon: str, why_not: str = "") -> None:
    st.button(
        label,
        key=f"live.{action}",
        icon=icon,
        type="primary" if action == "resume" and not why_not else "secondary",
        disabled=bool(why_not),
        help=why_not or None,
        on_click=ask,
        args=(run, action),
    )
