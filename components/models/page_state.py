"""What a tab keeps of the Models page: session-state keys."""

from __future__ import annotations

import streamlit as st

from components import seeding

TABLE = "models.table"
STAGES = "stages"
"""This and the two below are also their names in the address of the page."""
SEARCH = "search"
TAB = "part"
VIEW = "view"
SAVED_NAME = "launch.model_name"
_LABEL = "models.label."
_TABLE_ROWS = "models.table_rows"


def key(part: str, digest: str) -> str:
    """The key of a widget on the page of one model."""
    return f"models.{part}.{digest}"


def seed_label(digest: str, field: str, value: str) -> str:
    """The key of the widget for a label of a model, which shows `value` unless it has its own."""
    return seeding.seed(f"{_LABEL}{field}.{digest}", value)


def forget_labels(digest: str) -> None:
    """Let the widgets for labels of a model take their values from the registry again."""
    for name in [str(name) for name in st.session_state if str(name).startswith(_LABEL)]:
        if name.endswith(f".{digest}"):
            del st.session_state[name]


def open_tab(name: str) -> None:
    """Open a tab of the page; only in a callback, before the tabs are drawn."""
    st.session_state[TAB] = name
