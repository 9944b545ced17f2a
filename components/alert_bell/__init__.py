"""The bell: tells on every page, and beside it, what has fired."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from components.live_feed.assets import PREFIX

_FOLDER = Path(__file__).parent

_bell = st.components.v2.component(
    "traindeck.alert_bell",
    js=(_FOLDER / "bell.js").read_text(encoding="utf-8"),
    css=(_FOLDER / "bell.css").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def show() -> None:
    """Draw the bell in the sidebar; it asks the feed by itself, without any rerun."""
    with st.sidebar:
        _bell(key="alert-bell", data={"feed": PREFIX})
