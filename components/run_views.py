"""Saved views of the table of runs: choose one, keep this one, forget one."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import run_view, session, trouble
from components.plain_text import as_markdown
from engine.runs.views import View, delete_view, read_views, save_view


def show() -> None:
    """Draw the popover with the views that everybody on this runs folder shares."""
    with (
        st.popover("Views", icon=":material/bookmarks:", key="runs.views"),
        trouble.shown(),
    ):
        views = read_views(session.store().root)
        if not views:
            st.caption("Keep query, columns and order under a name; or share the page's address.")
        _list(views)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input("Name of this view", max_chars=100, key=session.RUNS_VIEW_NAME)
            st.button("Save view", key="runs.view.save", icon=":material/save:", on_click=_save)


def _list(views: Sequence[View]) -> None:
    for number, view in enumerate(views):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.button(
                as_markdown(view.name),
                key=f"runs.view.{number}",
                type="tertiary",
                help=as_markdown(view.query) or None,
                width="stretch",
                on_click=run_view.apply,
                args=(view,),
            )
            st.button(
                "",
                key=f"runs.view.forget.{number}",
                icon=":material/delete:",
                help="Forget this view",
                on_click=_forget,
                args=(view.name,),
            )


def _save() -> None:
    name = st.session_state[session.RUNS_VIEW_NAME].strip()
    with trouble.shown():
        if not name:
            st.toast("Give the view a name first.", icon=":material/info:")
            return
        save_view(session.store().root, run_view.current(name))
        st.session_state[session.RUNS_VIEW_NAME] = ""
        st.toast(f"Saved the view {as_markdown(name)}.", icon=":material/check:")


def _forget(name: str) -> None:
    with trouble.shown():
        delete_view(session.store().root, name)
