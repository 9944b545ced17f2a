"""The only place that names session-state keys, and the door from screens to the engine."""

from __future__ import annotations

import os
from functools import lru_cache

import streamlit as st

from engine.errors import RunsFolderUnusable
from engine.runs.store import RunStore

RUNS_VARIABLE = "TRAINDECK_RUNS"
"""The environment variable that names the runs folder."""


@lru_cache(maxsize=8)
def _store_at(root: str) -> RunStore:
    return RunStore(root)


def store() -> RunStore:
    """The runs folder of this server, shared by all its sessions.

    Raises:
        RunsFolderUnusable: when it cannot be created or written.
    """
    return _store_at(os.environ.get(RUNS_VARIABLE, "runs"))


def begin() -> None:
    """What every page needs before it draws; stops with a banner when there is no runs folder."""
    try:
        store()
    except RunsFolderUnusable as error:
        st.error(str(error), icon=":material/folder_off:")
        st.stop()
