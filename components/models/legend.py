"""Which colour stands for which family of modules."""

from __future__ import annotations

import html

import streamlit as st

from components.charts.module_likeness import FAMILIES, family_of
from engine.models.structure.document import Structure


def show(structure: Structure) -> None:
    """Draw the families that the model has modules of."""
    found = {family_of(module.type) for module in structure.modules}
    st.html(
        '<div style="display: flex; flex-wrap: wrap; gap: 0.25rem 0.9rem; font-size: 0.8rem">'
        + "".join(_entry(family) for family in FAMILIES if family in found)
        + "</div>"
    )


def _entry(family: str) -> str:
    dot = (
        f'<span style="display: inline-block; width: 0.65rem; height: 0.65rem; border-radius: 50%;'
        f' margin-right: 0.35rem; background: {FAMILIES[family]}"></span>'
    )
    return f'<span style="white-space: nowrap">{dot}{html.escape(family)}</span>'
