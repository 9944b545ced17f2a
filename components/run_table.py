"""The table of runs as a widget: what is chosen in it stays chosen when rows and columns move."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import streamlit as st

from components import run_columns, session
from components.run_columns import Column
from engine.runs.entry import Entry

_ROW_PX, _TALLEST_PX = 35, 460


def show(entries: Sequence[Entry], columns: Sequence[Column]) -> list[str]:
    """Draw the table and give the ids of the chosen runs, also of those a filter hides."""
    ids = [entry.id for entry in entries]
    _move_selection(ids, [column.title for column in columns])
    event = st.dataframe(
        run_columns.frame(entries, columns),
        key=session.RUNS_TABLE,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        column_config=run_columns.configuration(columns),
        height=min(_TALLEST_PX, 38 + _ROW_PX * max(1, len(ids))),
        placeholder="–",
        alt="All runs",
    )
    chosen = {ids[row] for row in event["selection"]["rows"] if row < len(ids)}
    shown = set(ids)
    hidden = {run_id for run_id in session.chosen_runs() if run_id not in shown}
    session.choose_runs(sorted(chosen | hidden, reverse=True))
    return session.chosen_runs()


def _move_selection(ids: list[str], titles: list[str]) -> None:
    """The widget selects by row number: when rows move, the selection moves with its runs."""
    if session.table_rows() == (ids, titles) and session.RUNS_TABLE in st.session_state:
        return
    rows = selected_rows(ids, frozenset(session.chosen_runs()))
    st.session_state[session.RUNS_TABLE] = {"selection": {"rows": rows}}
    session.remember_table_rows(ids, titles)


def selected_rows(ids: Sequence[str], chosen: Collection[str]) -> list[int]:
    """Row numbers of the chosen runs."""
    return [row for row, run_id in enumerate(ids) if run_id in chosen]
