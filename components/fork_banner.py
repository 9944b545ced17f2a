"""What stands above the form while it describes a fork."""

from __future__ import annotations

import streamlit as st

from components import workspace
from components.field_words import complaint
from components.forking import OWN
from components.outlook import Outlook
from components.plain_text import as_markdown
from components.spec_words import changes_in_words
from engine.documents.differences import compare
from engine.errors import EngineError
from engine.runs.store import RunStore

_OF_THE_FORK = ("run", "step")
"""Paths of what is in the way of a fork and belongs to no field of the form."""


def show(outlook: Outlook, store: RunStore) -> None:
    """Draw the banner; nothing for a run from the beginning."""
    fork = workspace.current().draft.fork
    if fork is None:
        return
    with st.container(border=True, key="launch-fork", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f":material/fork_right: **Fork of {as_markdown(_name(store, fork.run_id))} from "
                f"step {fork.step:,}**",
                width="stretch",
            )
            st.button(
                "Cancel the fork",
                key="launch.fork.cancel",
                icon=":material/close:",
                help="The form gets back what it held before.",
                on_click=workspace.end_fork,
            )
        for words in _words(outlook):
            st.caption(words)
        for problem in outlook.problems:
            if problem.path in _OF_THE_FORK:
                st.error(as_markdown(complaint(problem)), icon=":material/error:")


def _words(outlook: Outlook) -> list[str]:
    """What a fork is, what is changed in it, and what it cannot take along."""
    words = [
        "It goes on from that checkpoint. Task, data and model stay; everything else can be "
        "changed below."
    ]
    if outlook.plan is None or outlook.spec is None:
        return words
    parent = outlook.plan.parent.spec
    differences = (found for found in compare(parent, outlook.spec) if found.path not in OWN)
    changed = changes_in_words(differences)
    words.append(f"Changed: {changed}." if changed else "Nothing is changed yet.")
    if outlook.plan.origin.fresh_optimizer:
        words.append("The optimizer begins without its memory, which does not fit the changes.")
    return words


def _name(store: RunStore, run_id: str) -> str:
    try:
        return store.open(run_id).name
    except EngineError:
        return run_id
