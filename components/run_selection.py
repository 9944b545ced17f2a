"""What can be done with the runs that are chosen in the table."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import (
    exchange_panel,
    report_button,
    run_bulk,
    run_labels,
    run_start,
    run_trash,
    session,
    trouble,
)
from components.plain_text import as_markdown
from engine.errors import UnknownRun
from engine.runs.entry import Entry
from engine.runs.store import RunSummary

_MOST_DAMAGED = 5


def chosen() -> list[Entry]:
    """The chosen runs that still exist, newest first."""
    wanted = set(session.chosen_runs())
    if not wanted:
        return []
    index = session.store().index
    return [entry for entry in index.latest or index.entries() if entry.id in wanted]


def summaries(entries: Sequence[Entry], most: int) -> list[RunSummary]:
    """The newest of some runs with all that is in their files."""
    found = []
    for entry in entries[:most]:
        try:
            found.append(session.store().summary(entry.id))
        except UnknownRun:
            continue  # deleted since
    return found


def show(entries: Sequence[Entry]) -> None:
    """Draw the actions for one or several runs."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if len(entries) == 1:
            _open_button(entries[0])
        else:
            st.text(f"{len(entries):,} runs chosen")
            run_bulk.label_popover(entries)
        readable = [entry.id for entry in entries if not entry.damage]
        _compare_button(readable)
        report_button.show(session.store(), readable, "runs.report")
        run_bulk.work_buttons(entries)
        run_bulk.archive_button(entries)
        with st.popover("Export", icon=":material/output:"):
            exchange_panel.export_panel(entries)
        run_trash.delete_button(entries)
        st.button("Clear the choice", key="runs.clear", icon=":material/close:", on_click=_clear)
    for entry in [entry for entry in entries if entry.damage][:_MOST_DAMAGED]:
        st.error(as_markdown(entry.damage), icon=":material/error:")
    if len(entries) == 1 and not entries[0].damage:
        with st.expander("Name, tags and notes", icon=":material/edit:"), trouble.shown():
            run_labels.show(session.store().open(entries[0].id))


def _open_button(entry: Entry) -> None:
    if st.button(
        "Open",
        key="runs.open",
        icon=":material/monitoring:",
        type="primary",
        disabled=bool(entry.damage),
        help="A damaged run cannot be opened." if entry.damage else None,
    ):
        run_start.open_live(entry.id)


def _compare_button(run_ids: Sequence[str]) -> None:
    if len(run_ids) > 1 and st.button(
        "Compare", key="runs.compare", icon=":material/compare_arrows:", type="primary"
    ):
        st.switch_page("compare.py", query_params={"runs": ",".join(run_ids)})


def _clear() -> None:
    session.choose_runs([])
    session.forget_table()
