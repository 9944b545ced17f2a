"""The picture of a model as a Streamlit component: an SVG in a frame that can be enlarged."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_FOLDER = Path(__file__).parent

_graph = st.components.v2.component(
    "traindeck.module_graph",
    js=(_FOLDER / "graph.js").read_text(encoding="utf-8"),
    css=(_FOLDER / "graph.css").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def module_graph(svg: str, *, key: str) -> None:
    """Draw a picture; all words in it must be escaped already."""
    _graph(key=key, data={"svg": svg})
