"""A dataset renamed, or removed after a question."""

from __future__ import annotations

import streamlit as st

from components import popover, seeding, trouble
from components.data import choice, page_state, runs_of
from components.data.looked_at import Looked
from components.plain_text import as_markdown
from engine.data.library.library import MOST_NAME


def labels(looked: Looked) -> None:
    """Draw both buttons."""
    rename = popover.Button(
        "Rename", page_state.key("rename", looked.fingerprint), ":material/edit:"
    )
    popover.show(rename, lambda: _rename(looked, rename.key))
    remove = popover.Button(
        "Remove", page_state.key("remove", looked.fingerprint), ":material/delete:"
    )
    popover.show(remove, lambda: _remove(looked))


def _rename(looked: Looked, opened: str) -> None:
    where = page_state.key("name", looked.fingerprint)
    seeding.seed(where, looked.dataset.name)
    st.text_input("Name", key=where, max_chars=MOST_NAME)
    problem = st.session_state.pop(f"{where}.wrong", "")
    if problem:
        st.markdown(f":small[:red[{as_markdown(problem)}]]")
    st.button(
        "Save",
        key=f"{where}.save",
        icon=":material/save:",
        on_click=_save,
        args=(looked, where, opened),
    )


def _save(looked: Looked, where: str, opened: str) -> None:
    name = st.session_state[where]
    if not name.strip():
        st.session_state[f"{where}.wrong"] = "A name is needed."
        return
    with trouble.shown():
        looked.library.rename(looked.fingerprint, name)
        del st.session_state[where]
        popover.close(opened)


def _remove(looked: Looked) -> None:
    runs = len(runs_of.of(looked.fingerprint))
    made = "1 run was" if runs == 1 else f"{runs:,} runs were"
    after = (
        f" {made} made with it: they stay, but cannot be resumed or forked until the same data is "
        "brought in again."
        if runs
        else ""
    )
    st.markdown(
        f"This deletes its {looked.dataset.record.rows:,} rows and what was prepared of them from "
        f"the disk. It cannot be undone; where the data came from stays as it is.{after}"
    )
    st.button(
        "Remove it for good",
        key=page_state.key("removed", looked.fingerprint),
        icon=":material/delete_forever:",
        on_click=_removed,
        args=(looked,),
    )


def _removed(looked: Looked) -> None:
    with trouble.shown():
        looked.library.remove(looked.fingerprint)
        looked.keeping.remove()
        choice.leave()
        st.toast(f"Removed {as_markdown(looked.dataset.name)}.", icon=":material/delete:")
