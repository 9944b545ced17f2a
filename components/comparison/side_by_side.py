"""Up to four runs beside one another: what they produced at a step, and what they confuse."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from components import session
from components.plain_text import as_markdown
from engine.comparison import Compared

MOST = 4
Steps = Callable[[Compared], list[int]]
Draw = Callable[[Compared, int], None]


def show(runs: Sequence[Compared], steps_of: Steps, draw: Draw, slider_key: str) -> None:
    """Draw a column for each of the chosen runs that has something at the step or before it."""
    steps = {run.id: steps_of(run) for run in runs}
    having = [run for run in runs if steps[run.id]]
    if not having:
        st.caption("None of these runs has any yet.")
        return
    sides = _sides(having)
    step = _step(sorted({step for run in sides for step in steps[run.id]}), slider_key)
    for run, place in zip(sides, st.columns(max(1, len(sides)), gap="medium"), strict=False):
        with place:
            st.markdown(f"**{as_markdown(_short(run.heading))}**")
            before = [one for one in steps[run.id] if one <= step]
            if not before:
                st.caption(f"Nothing up to step {step:,}; the first is at {steps[run.id][0]:,}.")
                continue
            st.caption(_at(before[-1], step))
            draw(run, before[-1])


def _sides(having: Sequence[Compared]) -> list[Compared]:
    by_id = {run.id: run for run in having}
    session.drop_foreign(session.COMPARE_SIDES, list(by_id))
    st.session_state.setdefault(session.COMPARE_SIDES, list(by_id)[:MOST])
    chosen: list[str] = st.multiselect(
        "Runs side by side",
        list(by_id),
        format_func=lambda run_id: by_id[run_id].heading,
        key=session.COMPARE_SIDES,
        max_selections=MOST,
        placeholder="Choose up to four runs",
        persist_state="session",
    )
    return [by_id[run_id] for run_id in chosen]


def _step(steps: Sequence[int], key: str) -> int:
    """The step to look at: the last there is, unless another was picked."""
    if len(steps) < 2:
        return steps[0] if steps else 0
    if st.session_state.get(key) not in steps:
        st.session_state[key] = steps[-1]
    return st.select_slider(
        "Up to step", steps, format_func="{:,}".format, key=key, persist_state="session"
    )


def _at(found: int, step: int) -> str:
    return f"Step {found:,}" if found == step else f"Step {found:,}, the last up to {step:,}"


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:50]}…{text[-28:]}"
