"""Which run a page is about: named in the URL, else the newest that is worth watching."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import session
from components.plain_text import as_markdown
from engine.errors import UnknownRun
from engine.runs.run import Run
from engine.runs.state import ACTIVE
from engine.runs.store import RunStore, RunSummary

PARAMETER = "run"
"""Name of the run in the URL."""

MOST = 500
"""Runs offered in the list."""


def from_url(store: RunStore) -> Run | None:
    """The run of `?run=`, else the newest active one, else the newest; None when there is none.

    An unknown id is said on the page, which then offers the runs there are.
    """
    wanted = st.query_params.get(PARAMETER)
    summaries = store.list()
    if wanted is None:
        wanted = newest_worth_watching(summaries)
        if wanted is None:
            return None
        st.query_params[PARAMETER] = wanted
    try:
        return store.open(wanted)
    except UnknownRun as unknown:
        st.error(as_markdown(str(unknown)), icon=":material/search_off:")
        pick(summaries, None)
        return None


def newest_worth_watching(summaries: Sequence[RunSummary]) -> str | None:
    """Id of the newest active run, else of the newest run that is not damaged."""
    whole = [summary for summary in summaries if summary.state is not None]
    active = [s.id for s in whole if s.state is not None and s.state.status in ACTIVE]
    return next(iter(active or [summary.id for summary in whole]), None)


def pick(summaries: Sequence[RunSummary], current: str | None) -> None:
    """A list of runs to go to."""
    offered = summaries[:MOST]
    if not offered:
        return
    names = {summary.id: _label(summary) for summary in offered}
    ids = list(names)
    st.session_state[session.PICKED] = current if current in names else None
    st.selectbox(
        "Show another run",
        ids,
        format_func=names.__getitem__,
        key=session.PICKED,
        index=None,
        placeholder="Choose a run",
        on_change=_go,
    )


def _go() -> None:
    picked: str | None = st.session_state[session.PICKED]
    if picked in {summary.id for summary in session.store().list()}:
        st.query_params[PARAMETER] = picked


def _label(summary: RunSummary) -> str:
    """The name and the id: it must be unique and must not change while the run goes on.

    The browser sends the label, not the id; a label that has changed comes back as a foreign value.
    """
    name = summary.name if len(summary.name) <= 60 else f"{summary.name[:59]}…"
    return f"{name} · {summary.id}"
