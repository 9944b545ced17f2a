"""Everything about one dataset: who it is, and its tabs."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping

import streamlit as st

from components import readable, trouble
from components.data import (
    about_tab,
    choice,
    columns_tab,
    page_state,
    rows_tab,
    statistics_tab,
    token_tab,
    training_tab,
)
from components.data.labelling import labels
from components.data.looked_at import Looked, looked_at
from components.plain_text import as_markdown
from engine.data.intake.source import in_bytes
from engine.data.library.dataset import Dataset
from engine.data.library.library import DataLibrary
from engine.runs.store import RunStore

_TABS: Mapping[str, Callable[[Looked], None]] = {
    "Rows": rows_tab.show,
    "Columns": columns_tab.show,
    "Statistics": statistics_tab.show,
    "Tokens": token_tab.show,
    "Training": training_tab.show,
    "About": about_tab.show,
}


def show(store: RunStore, library: DataLibrary, dataset: Dataset) -> None:
    """Draw the header and the tabs; which one is open is in the address of the page."""
    st.button("All data", icon=":material/arrow_back:", type="tertiary", on_click=choice.leave)
    looked = looked_at(store, library, dataset)
    _header(dataset)
    for note in (looked.told, *dataset.record.notes):
        if note:
            st.warning(as_markdown(note), icon=":material/warning:")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        training_tab.begin(looked)
        labels(looked)
    names = [name for name in _TABS if name != "Tokens" or looked.reads_texts]
    tabs = st.tabs(names, key=page_state.TAB, bind="query-params")
    for name, tab in zip(names, tabs, strict=True):
        if tab.open:
            with tab, trouble.shown():
                _TABS[name](looked)


def _header(dataset: Dataset) -> None:
    record = dataset.record
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.html(
            '<h1 style="margin: 0; padding: 0; font-size: 1.9rem; overflow-wrap: anywhere">'
            f"{html.escape(record.name)}</h1>",
            width="content",
        )
        if record.task is not None:
            st.badge(readable.choice(record.task), icon=":material/target:")
    rows = "1 row" if record.rows == 1 else f"{record.rows:,} rows"
    columns = "1 column" if len(record.columns) == 1 else f"{len(record.columns)} columns"
    licence = f"Licence: {record.origin.licence}" if record.origin.licence else ""
    parts = [rows, columns, in_bytes(record.bytes), licence, f"version {record.fingerprint[:12]}"]
    st.caption(as_markdown(" · ".join(part for part in parts if part)))
