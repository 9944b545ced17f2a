"""Deleting runs, and getting them back."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import session, trouble
from components.plain_text import as_markdown
from engine.runs.store import RunSummary

_AT_WORK = ("running", "paused")


def active_of(summaries: Sequence[RunSummary]) -> list[RunSummary]:
    """Those that must be stopped before they can be deleted."""
    return [s for s in summaries if s.state is not None and s.state.status in _AT_WORK]


def delete_button(summaries: Sequence[RunSummary]) -> None:
    """Draw the button that asks before it moves the runs to the trash."""
    active = active_of(summaries)
    count = len(summaries)
    if st.button(
        "Delete" if count == 1 else f"Delete {count} runs",
        key="runs.delete",
        icon=":material/delete:",
        disabled=bool(active),
        help=f"Stop it first: {as_markdown(active[0].name)} is at work." if active else None,
    ):
        _confirm(summaries)


@st.dialog("Move to the trash?", icon=":material/delete:")
def _confirm(summaries: Sequence[RunSummary]) -> None:
    for summary in summaries[:10]:
        st.text(summary.name)
    if len(summaries) > 10:
        st.caption(f"and {len(summaries) - 10} more")
    st.caption("Nothing is erased: runs stay in the trash folder and can be restored below.")
    with st.container(horizontal=True):
        if st.button("Move to the trash", key="runs.delete.yes", type="primary"):
            _trash(summaries)
            st.rerun()
        if st.button("Keep", key="runs.delete.no"):
            st.rerun()


def show() -> None:
    """Draw the trash, each run with a button that restores it."""
    trashed = session.store().trashed()
    if not trashed:
        return
    with st.expander(f"Trash ({len(trashed)})", icon=":material/delete:", key="runs.trash"):
        st.caption(as_markdown(f"Kept in {session.store().trash_folder} until you erase them."))
        for summary in trashed[:50]:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button(
                    "Restore",
                    key=f"runs.restore.{summary.id}",
                    icon=":material/restore_from_trash:",
                    on_click=_restore,
                    args=(summary.id,),
                )
                st.text(f"{summary.name}  ({summary.id})")


def _trash(summaries: Sequence[RunSummary]) -> None:
    moved = 0
    for summary in summaries:
        with trouble.shown():
            session.store().trash(summary.id)
            moved += 1
    session.choose_runs([])
    session.forget_table()
    st.toast(f"Moved {moved} to the trash.", icon=":material/delete:")


def _restore(run_id: str) -> None:
    with trouble.shown():
        session.store().restore(run_id)
