"""Presets as buttons that change the draft, and the way back."""

from __future__ import annotations

import streamlit as st

from components import workspace
from components.outlook import Outlook
from components.spec_words import changes_in_words
from engine.documents.differences import compare
from engine.presets import PRESETS, Preset


def show(outlook: Outlook) -> None:
    """Draw a button for each preset, and what the last load changed."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.caption("Presets", width="content")
        for name, preset in PRESETS.items():
            st.button(
                preset.label,
                key=f"preset.{name}",
                help=preset.sentence if outlook.spec else "Correct the marked fields first.",
                disabled=outlook.spec is None,
                on_click=_apply,
                args=(preset, outlook),
            )
    tell()


def tell() -> None:
    """Draw what the last load did, with a button to take it back."""
    now = workspace.current()
    if now.before is None:
        return
    with st.container(border=True, horizontal=True, wrap=False, vertical_alignment="center"):
        st.markdown(now.notice, width="stretch")
        st.button("Undo", key="launch.undo", icon=":material/undo:", on_click=workspace.undo)


def _apply(preset: Preset, outlook: Outlook) -> None:
    assert outlook.spec is not None
    after = preset.apply(outlook.spec)
    changed = changes_in_words(compare(outlook.spec, after))
    notice = f"**{preset.label}**: {changed or 'everything was set like that already.'}"
    workspace.replace(workspace.current().draft.holding(after), notice)
