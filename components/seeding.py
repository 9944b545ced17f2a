"""The first value of a widget, put in again until the browser has it.

Streamlit sends a value from the session state once. A click while the page is still being drawn
begins the script anew, and what the browser had not drawn by then comes without its value: the
field would stay empty, and its next edit would say so.
"""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

_UNCONFIRMED = "seeding.unconfirmed"


def seed(key: str, value: object) -> str:
    """The key of a widget, which shows `value` unless it has its own already.

    Called right before the widget is drawn.
    """
    unconfirmed: set[str] = st.session_state.setdefault(_UNCONFIRMED, set())
    if key not in st.session_state:
        st.session_state[key] = value
        unconfirmed.add(key)
    elif key in unconfirmed and key in _shown():
        unconfirmed.discard(key)
    elif key in unconfirmed:
        st.session_state[key] = st.session_state[key]
    return key


def _shown() -> set[str]:
    """The keys of the widgets that the browser had drawn when it asked for this script run."""
    context = get_script_run_ctx()
    if context is None:
        return set()
    states = context.session_state.get_widget_states()
    return {state.id.split("-", maxsplit=2)[-1] for state in states}
