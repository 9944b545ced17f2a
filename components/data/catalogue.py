"""All datasets as a table; a click on a row opens one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from components import popover, readable, trouble
from components.data import choice, intake, page_state, runs_of
from components.plain_text import as_markdown
from engine.data.intake.source import in_bytes
from engine.data.library.dataset import Dataset
from engine.data.library.library import DataLibrary
from engine.runs.store import RunStore

_ROW_PX, _TALLEST_PX = 35, 560


def show(store: RunStore, library: DataLibrary) -> None:
    """Draw the table, and what brings more datasets into it."""
    page_state.take_over()
    datasets = library.datasets()
    st.caption(
        "Your own data, each dataset by the content of its columns and rows. A click on a row "
        "opens it."
    )
    intake.show(store, first=not datasets)
    for fingerprint, damage in library.damaged().items():
        _damaged(library, fingerprint, damage)
    if not datasets:
        st.info(
            "No datasets yet. Upload a file, or take one from the catalogue: it appears here.",
            icon=":material/database:",
        )
        return
    runs = {name: len(found) for name, found in runs_of.by_dataset().items()}
    event = st.dataframe(
        frame(datasets, runs),
        key=page_state.TABLE,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        column_config=_columns(),
        height=min(_TALLEST_PX, 38 + _ROW_PX * len(datasets)),
        placeholder="–",
        alt="All datasets",
    )
    rows = [row for row in event["selection"]["rows"] if row < len(datasets)]
    if rows:
        choice.look_at(datasets[rows[0]].fingerprint)
        st.rerun()


def frame(datasets: Sequence[Dataset], runs: Mapping[str, int]) -> pd.DataFrame:
    """One line a dataset; what is not known is missing."""
    records = [dataset.record for dataset in datasets]
    return pd.DataFrame(
        {
            "Name": [one.name for one in records],
            "Rows": [one.rows for one in records],
            "Columns": [len(one.columns) for one in records],
            "Task": [None if one.task is None else readable.choice(one.task) for one in records],
            "Runs": [runs.get(one.fingerprint, 0) for one in records],
            "Size": [in_bytes(one.bytes) for one in records],
            "Source": [one.origin.source or one.origin.place for one in records],
            "Licence": [one.origin.licence or None for one in records],
            "Brought in": pd.to_datetime(
                pd.Series([one.created_at for one in records], dtype=float), unit="s", utc=True
            ),
        }
    )


def _columns() -> dict[str, Any]:
    return {
        "Name": st.column_config.TextColumn(width="medium", pinned=True),
        "Rows": st.column_config.NumberColumn(format="localized", width="small"),
        "Columns": st.column_config.NumberColumn(width="small"),
        "Task": st.column_config.TextColumn(help="What it seems to be for."),
        "Runs": st.column_config.NumberColumn(width="small", help="Made with it."),
        "Size": st.column_config.TextColumn(width="small"),
        "Source": st.column_config.TextColumn(width="medium"),
        "Brought in": st.column_config.DatetimeColumn(format="distance", width="small"),
    }


def _damaged(library: DataLibrary, fingerprint: str, damage: str) -> None:
    st.error(as_markdown(damage), icon=":material/broken_image:")

    def fill() -> None:
        if st.button("Remove it", key=page_state.key("damaged", fingerprint)):
            with trouble.shown():
                library.remove(fingerprint)
                st.rerun()

    key = page_state.key("damaged.ask", fingerprint)
    popover.show(popover.Button(f"Remove {fingerprint[:12]}", key, ":material/delete:"), fill)
