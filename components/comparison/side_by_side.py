"""Up to four runs beside one another: what they produced at a step, and what they confuse."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from components import seeding, session, step_picker
from components.plain_text import as_markdown
from engine.comparison import Compared

MOST = 4
Steps = Callable[[Compared], list[int]]
Draw = Callable[[Compared, int], None]


def show(runs: Sequence[Compared], steps_of: Steps, draw: Draw, slider_key: str) -> None:
    """Draw a column for each of the chosen runs that has something; the last up to a step."""
    steps = {run.id: steps_of(run) for run in runs}
    having = [run for run in runs if steps[run.id]]
    if not having:
        st.caption("None of these runs has any yet.")
        return
    sides = _sides(having)
    if not sides:
        return
    every = sorted({step for run in sides for step in steps[run.id]})
    step = step_picker.pick(every, "Up to step", slider_key)
    for run, place in zip(sides, st.columns(len(sides), gap="medium"), strict=True):
        with place:
            st.markdown(f"**{as_markdown(_short(run.heading))}**")
            before = [one for one in steps[run.id] if one <= step]
            if not before:
                st.caption(f"Nothing up to step {step:,}; the first is at {steps[run.id][0]:,}.")
                continue
            if before[-1] != step:
                st.caption(f"Step {before[-1]:,}, the last up to {step:,}")
            draw(run, before[-1])


def _sides(having: Sequence[Compared]) -> list[Compared]:
    by_id = {run.id: run for run in having}
    session.drop_foreign(session.COMPARE_SIDES, list(by_id))
    seeding.seed(session.COMPARE_SIDES, list(by_id)[:MOST])
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


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:20]}…{text[-18:]}"
