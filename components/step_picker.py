"""A slider over the steps of a run: the newest as it comes, unless one was picked."""

from __future__ import annotations

import streamlit as st

from components import session


def pick(steps: list[int], label: str, key: str) -> int:
    """The step to show: the newest while following, else the one on the slider."""
    if len(steps) == 1:
        st.caption(f"Step {steps[0]:,}")
        return steps[0]
    kept = st.session_state.get(key)
    if session.follows(key) or kept not in steps:
        st.session_state[key] = steps[-1]

    def note_pick() -> None:
        session.follow(key, st.session_state[key] == steps[-1])

    step: int = st.select_slider(
        label, options=steps, format_func="{:,}".format, key=key, on_change=note_pick
    )
    return step
