"""Where a forked run comes from, with the way back."""

from __future__ import annotations

import streamlit as st

from components import session
from components.plain_text import as_markdown
from engine.errors import EngineError
from engine.runs.record import Origin
from engine.runs.run import Run


def show(run: Run) -> None:
    """Draw the parent and the step; nothing for a run from the beginning."""
    origin = run.record.origin
    if origin is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.caption("Forked from", width="content")
        _parent(origin)
        st.caption(f"at step {origin.step:,}", width="content")
        if origin.fresh_optimizer:
            st.caption("with a fresh optimizer", width="content")


def _parent(origin: Origin) -> None:
    try:
        name = session.store().open(origin.run_id).name
    except EngineError:
        st.caption(as_markdown(f"{origin.run_id} (deleted)"), width="content")
        return
    st.page_link("live.py", label=as_markdown(name), query_params={"run": origin.run_id})
