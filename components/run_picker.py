"""Which run a page is about: named in the URL, else the newest that is worth watching."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import session
from components.plain_text import as_markdown
from engine.errors import UnknownRun
from engine.runs.entry import Entry
from engine.runs.run import Run
from engine.runs.store import RunStore

PARAMETER = "run"
"""Name of the run in the URL."""

MOST = 500
"""Runs offered in the list."""

_WAITS_S = 0.5


def from_url(store: RunStore) -> Run | None:
    """The run of `?run=`, else the newest active one, else the newest; None when there is none.

    An unknown id is said on the page, which then offers the runs there are.
    """
    wanted = st.query_params.get(PARAMETER)
    entries = known(store)
    if wanted is None:
        wanted = newest_worth_watching(entries)
        if wanted is None:
            return None
        st.query_params[PARAMETER] = wanted
    try:
        return store.open(wanted)
    except UnknownRun as unknown:
        st.error(as_markdown(str(unknown)), icon=":material/search_off:")
        pick(entries, None)
        return None


def known(store: RunStore) -> Sequence[Entry]:
    """All runs, newest first; of very many that were never read, as many as there is time for."""
    return store.index.entries(within_s=_WAITS_S)


def newest_worth_watching(entries: Sequence[Entry]) -> str | None:
    """Id of the newest active run, else of the newest run that is not damaged."""
    whole = [entry for entry in entries if not entry.damage]
    active = [entry.id for entry in whole if entry.is_active]
    return next(iter(active or [entry.id for entry in whole]), None)


def pick(entries: Sequence[Entry], current: str | None) -> None:
    """A list of runs to go to."""
    offered = entries[:MOST]
    if not offered:
        return
    names = {entry.id: _label(entry) for entry in offered}
    ids = list(names)
    st.session_state[session.PICKED] = current if current in names else None
    st.selectbox(
        "Show another run",
        ids,
        format_func=names.__getitem__,
        key=session.PICKED,
        index=None,
        placeholder="Choose a run",
        label_visibility="collapsed",
        on_change=_go,
    )


def _go() -> None:
    picked: str | None = st.session_state[session.PICKED]
    if picked is not None and picked in session.store().ids():
        st.query_params[PARAMETER] = picked


def _label(entry: Entry) -> str:
    """The name and the id: it must be unique and must not change while the run goes on.

    The browser sends the label, not the id; a label that has changed comes back as a foreign value.
    """
    name = entry.name if len(entry.name) <= 60 else f"{entry.name[:59]}…"
    return f"{name} · {entry.id}"
