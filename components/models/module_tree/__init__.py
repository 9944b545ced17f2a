"""The tree of modules as a Streamlit component: it opens, closes and searches without a rerun."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from components.charts.module_likeness import FAMILIES
from components.models.tree_rows import Row

_FOLDER = Path(__file__).parent

_tree = st.components.v2.component(
    "traindeck.module_tree",
    js=(_FOLDER / "tree.js").read_text(encoding="utf-8"),
    css=(_FOLDER / "tree.css").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def module_tree(rows: Sequence[Row], *, key: str) -> None:
    """Draw the tree."""
    _tree(key=key, data={"rows": list(rows), "colors": dict(FAMILIES)})
