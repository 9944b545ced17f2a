"""The table of runs as a widget: what is chosen in it stays chosen when rows and columns move."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import streamlit as st

from components import run_columns, run_view, session
from components.run_columns import Column
from engine.runs.entry import Entry
from engine.runs.views import View

_ROW_PX, _TALLEST_PX = 35, 460


def show(entries: Sequence[Entry], columns: Sequence[Column], view: View) -> list[str]:
    """Draw the table and give the ids of the chosen runs, also of those that are not in it.

    A click on a name opens the run, one on the head of a column sorts all runs by it.
    """
    ids = [entry.id for entry in entries]
    names = {column.title: column.name for column in columns}
    _move_selection(ids, {run_columns.NAME: "name", **names})
    frame = run_columns.frame(entries, columns)
    event = st.dataframe(
        frame,
        key=session.RUNS_TABLE,
        hide_index=True,
        on_select=_sort,
        selection_mode=("multi-row", "single-column"),
        column_config=run_columns.configuration(frame, columns, view, _open),
        height=min(_TALLEST_PX, 38 + _ROW_PX * max(1, len(ids))),
        placeholder="–",
        alt="All runs",
    )
    chosen = {ids[row] for row in event["selection"]["rows"] if row < len(ids)}
    shown = set(ids)
    hidden = {run_id for run_id in session.chosen_runs() if run_id not in shown}
    session.choose_runs(sorted(chosen | hidden, reverse=True))
    return session.chosen_runs()


def _move_selection(ids: list[str], columns: dict[str, str]) -> None:
    """The widget selects by row number: when rows move, the selection moves with its runs."""
    if session.table_rows() == (ids, columns) and session.RUNS_TABLE in st.session_state:
        return
    rows = selected_rows(ids, frozenset(session.chosen_runs()))
    heads = [head for head in session.table_heads() if head in columns]
    st.session_state[session.RUNS_TABLE] = {"selection": {"rows": rows, "columns": heads}}
    session.remember_table_heads(heads)
    session.remember_table_rows(ids, columns)


def selected_rows(ids: Sequence[str], chosen: Collection[str]) -> list[int]:
    """Row numbers of the chosen runs."""
    return [row for row, run_id in enumerate(ids) if run_id in chosen]


def _sort() -> None:
    """Sort if the head of a column was clicked, which the browser then shows as chosen, or no more.

    A chosen row is seen to by the script itself.
    """
    heads = list(st.session_state[session.RUNS_TABLE]["selection"].get("columns", []))
    known, before = session.table_rows(), session.table_heads()
    clicked = heads or before
    if known is None or heads == before or clicked[0] not in known[1]:
        return
    session.remember_table_heads(heads)
    run_view.sort_by(known[1][clicked[0]])
    session.remember_clicked(redraw=True)


def _open() -> None:
    known, click = session.table_rows(), st.session_state[session.RUNS_OPENED]
    if known is not None and click is not None and click["row"] < len(known[0]):
        session.remember_clicked(known[0][click["row"]])
