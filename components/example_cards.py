"""The bundled examples as cards, each started with one click."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from components import run_start, trouble
from components.plain_text import as_markdown
from engine.examples import EXAMPLES, Example
from engine.run_spec import RunSpec

Load = Callable[[RunSpec, str], None]
"""Puts a spec into the form and tells the sentence."""


def show(key_prefix: str, customise: Load | None = None) -> None:
    """Draw a card for each bundled example; Start creates, queues and opens a run.

    With `customise` each card has a second button, which hands over the example's spec.
    """
    with st.grid(4, min_column_width=220):
        for name, example in EXAMPLES.items():
            with st.container(border=True, height="stretch"):
                _card(example, f"{key_prefix}.{name}", customise)


def _card(example: Example, key: str, customise: Load | None) -> None:
    st.markdown(f"#### {example.title}")
    with st.container(height="stretch"):
        st.write(example.sentence)
    with st.container(horizontal=True):
        if st.button("Start", key=f"{key}.start", type="primary", icon=":material/play_arrow:"):
            with trouble.shown():
                run_start.open_live(run_start.begin(example.spec).id)
        if customise is not None:
            st.button(
                "Customise",
                key=f"{key}.customise",
                icon=":material/tune:",
                on_click=customise,
                args=(example.spec, f"The form below now holds **{as_markdown(example.title)}**."),
            )
