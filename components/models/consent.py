"""Consent that imported code is run, for its very content."""

from __future__ import annotations

import streamlit as st

from components import model_state, trouble
from components.plain_text import as_markdown
from engine.models.imported.library import CodeLibrary, is_off
from engine.models.imported.spec import CODE_OFF

OFF = (
    f"Imported code is turned off on this server ({CODE_OFF} is set to 'off'). It can be looked "
    "at here, and nothing of it is run."
)
_MEANING = (
    "**It runs with the rights of the one who started Traindeck.** It can read and change the "
    "files that they can, start programs, and send things over the network: as if you had typed "
    "`python model.py`. Allow it only if you know where it is from, or have read it.",
    "It runs in processes of its own, never in the server: without the server's secrets in their "
    "environment, and with limits on memory and time. That is no cage: nothing is promised about "
    "the network or your files.",
)


def link(code: str) -> None:
    """Draw the way to where code is looked at and allowed."""
    st.page_link(
        "models.py",
        label="Look at the code",
        icon=":material/code:",
        query_params={model_state.CODE_ADDRESS: code},
    )


def show(library: CodeLibrary, code: str) -> bool:
    """Draw the question, or that it was answered; whether the code may be run."""
    if is_off():
        st.info(as_markdown(OFF), icon=":material/block:")
        return False
    if library.is_allowed(code):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(":green-badge[:material/verified_user: May run]", width="content")
            st.caption("Somebody here has allowed it, for this very content.", width="content")
            st.button(
                "Take it back",
                key=f"models.forbid.{code[:12]}",
                type="tertiary",
                on_click=_set,
                args=(library, code, False),
            )
        return True
    with st.container(border=True, key="models-consent"):
        st.markdown("##### May this code be run?")
        for paragraph in _MEANING:
            st.markdown(paragraph)
        st.caption(f"The answer is for SHA-256 {code[:16]}…; code that is changed is asked anew.")
        st.button(
            "I know this code: allow it to run",
            key=f"models.allow.{code[:12]}",
            type="primary",
            icon=":material/verified_user:",
            on_click=_set,
            args=(library, code, True),
        )
    return False


def _set(library: CodeLibrary, code: str, allowed: bool) -> None:
    with trouble.shown():
        if allowed:
            library.allow(code)
        else:
            library.forbid(code)
