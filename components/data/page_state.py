"""What a tab keeps of the Data page: session-state keys, and what all sessions share."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from components import seeding, session
from engine.data.intake.places import hosted_access
from engine.data.intake.source import Access
from engine.data.works import Work, Works
from engine.runs.store import RunStore

TABLE = "data.table"
SEARCH = "find"
"""This and the one below are also their names in the address of the page."""
TAB = "look"
UPLOAD = "data.in.upload"
_FIELD = "data.in."
_TYPED = "data.typed"
_WORK = "data.work"
_LATER = "data.later"


@lru_cache(maxsize=8)
def _works_of(root: Path) -> Works:
    return Works()


def works(store: RunStore) -> Works:
    """The works of a runs folder, shared by all sessions of this server."""
    return _works_of(store.root)


def access() -> Access:
    """What people who use this server may read."""
    return Access() if session.is_local() else hosted_access()


def key(part: str, fingerprint: str) -> str:
    """The key of a widget on the page of one dataset."""
    return f"data.{part}.{fingerprint[:16]}"


def open_tab(name: str) -> None:
    """Open a tab of the page; only in a callback, before the tabs are drawn."""
    st.session_state[TAB] = name


# -- what is typed to bring data in ----------------------------------------------------------------


def typed(field: str, usual: Any = None) -> Any:
    """What was typed last; it stays when the page is left."""
    kept: dict[str, Any] = st.session_state.setdefault(_TYPED, {})
    return kept.get(field, usual)


def keep(field: str, value: Any) -> None:
    """Keep what is typed, for the field, too; only before it is drawn."""
    st.session_state.setdefault(_TYPED, {})[field] = value
    st.session_state[_FIELD + field] = value


def seed(field: str, usual: Any = None) -> str:
    """The key of the widget of a field, which shows what was typed last."""
    return seeding.seed(_FIELD + field, typed(field, usual))


def take(field: str) -> None:
    """Keep what the widget of a field holds; its callback."""
    st.session_state.setdefault(_TYPED, {})[field] = st.session_state[_FIELD + field]


# -- work that this tab began ----------------------------------------------------------------------


def own_work() -> Work | None:
    """What this tab is bringing in, or brought in last."""
    work: Work | None = st.session_state.get(_WORK)
    return work


def remember_work(work: Work | None) -> None:
    """Keep it, to be told how it ended."""
    st.session_state[_WORK] = work


def keep_later(field: str, value: Any) -> None:
    """Keep a value that its widget, which is drawn already, takes over the next time."""
    st.session_state.setdefault(_TYPED, {})[field] = value
    st.session_state.setdefault(_LATER, set()).add(field)


def take_over() -> None:
    """Let widgets have what was kept for them; before any of them is drawn."""
    for field in st.session_state.pop(_LATER, set()):
        st.session_state.pop(_FIELD + field, None)
