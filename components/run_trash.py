"""Deleting runs, and getting them back."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import session, trouble
from components.plain_text import as_markdown
from engine.runs.entry import Entry

_AT_WORK = ("running", "paused")
_MOST_SHOWN = 50


def at_work(entries: Sequence[Entry]) -> list[Entry]:
    """Those that must be stopped before they can be deleted."""
    return [entry for entry in entries if entry.status in _AT_WORK]


def delete_button(entries: Sequence[Entry]) -> None:
    """Draw the button that asks before it moves the runs to the trash."""
    active = at_work(entries)
    count = len(entries)
    if st.button(
        "Delete" if count == 1 else f"Delete {count:,} runs",
        key="runs.delete",
        icon=":material/delete:",
        disabled=bool(active),
        help=f"Stop it first: {as_markdown(active[0].name)} is at work." if active else None,
    ):
        _confirm(entries)


@st.dialog("Move to the trash?", icon=":material/delete:")
def _confirm(entries: Sequence[Entry]) -> None:
    for entry in entries[:10]:
        st.text(entry.name)
    if len(entries) > 10:
        st.caption(f"and {len(entries) - 10:,} more")
    st.caption("Nothing is erased: runs stay in the trash folder and can be restored below.")
    with st.container(horizontal=True):
        if st.button("Move to the trash", key="runs.delete.yes", type="primary"):
            _trash([entry.id for entry in entries])
            st.rerun()
        if st.button("Keep", key="runs.delete.no"):
            st.rerun()


def undo_bar() -> None:
    """Draw what was deleted last, with the button that takes it back."""
    moved = session.trashed_lately()
    if not moved:
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="runs-undo"):
        count = len(moved)
        st.text(f"Moved {count:,} {'run' if count == 1 else 'runs'} to the trash.")
        st.button("Undo", key="runs.undo", icon=":material/undo:", on_click=_undo)
        st.button(
            "",
            key="runs.undo.dismiss",
            icon=":material/close:",
            help="Leave them in the trash",
            type="tertiary",
            on_click=session.remember_trashed,
            args=([],),
        )


def show() -> None:
    """Draw the trash, each run with a button that restores it."""
    store = session.store()
    run_ids = store.trashed_ids()
    if not run_ids:
        return
    with st.expander(f"Trash ({len(run_ids):,})", icon=":material/delete:", key="runs.trash"):
        st.caption(as_markdown(f"Kept in {store.trash_folder} until you erase them."))
        for summary in store.trashed(_MOST_SHOWN):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button(
                    "Restore",
                    key=f"runs.restore.{summary.id}",
                    icon=":material/restore_from_trash:",
                    on_click=_restore,
                    args=([summary.id],),
                )
                st.text(f"{summary.name}  ({summary.id})")
        if len(run_ids) > _MOST_SHOWN:
            st.caption(f"and {len(run_ids) - _MOST_SHOWN:,} older ones")


def _trash(run_ids: Sequence[str]) -> None:
    moved = []
    for run_id in run_ids:
        with trouble.shown():
            session.store().trash(run_id)
            moved.append(run_id)
    session.choose_runs([])
    session.forget_table()
    session.remember_trashed(moved)


def _undo() -> None:
    moved = session.trashed_lately()
    _restore(moved)
    session.choose_runs(moved)
    session.forget_table()


def _restore(run_ids: Sequence[str]) -> None:
    for run_id in run_ids:
        with trouble.shown():
            session.store().restore(run_id)
    session.remember_trashed([one for one in session.trashed_lately() if one not in run_ids])
