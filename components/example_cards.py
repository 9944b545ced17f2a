"""The bundled examples as cards, each started with one click."""

from __future__ import annotations

import streamlit as st

from components import run_start
from engine.examples import EXAMPLES, Example


def show(key_prefix: str) -> None:
    """Draw a card for each bundled example; Start creates, queues and opens a run."""
    for column, (name, example) in zip(st.columns(len(EXAMPLES)), EXAMPLES.items(), strict=True):
        with column, st.container(border=True, height="stretch"):
            _card(example, f"{key_prefix}.{name}")


def _card(example: Example, key: str) -> None:
    st.markdown(f"#### {example.title}")
    with st.container(height="stretch"):
        st.write(example.sentence)
    with st.container(horizontal=True):
        if st.button("Start", key=f"{key}.start", type="primary", icon=":material/play_arrow:"):
            run_start.open_live(run_start.begin(example.spec).id)
