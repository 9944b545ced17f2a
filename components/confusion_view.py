"""The confusion matrix of an evaluation: in words, and as a picture that scrolls in its own box."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from components.charts.confusion import confusion_figure
from components.plain_text import as_markdown

Matrix = tuple[tuple[int, ...], ...]

_MOST_TOLD = 5


def show(matrix: Matrix, names: tuple[str, ...], key: str) -> None:
    """Draw the matrix below what is confused most often in it; `key` is that of the picture."""
    st.caption(as_markdown(most_confused(matrix, names)))
    with st.container(key=f"confusion-{key}"):  # app.css lets it scroll
        dark = st.context.theme.type == "dark"
        figure = _figure(matrix, names, dark)
        st.plotly_chart(figure, key=key, width="content", config={"displayModeBar": False})


def most_confused(matrix: Matrix, names: tuple[str, ...]) -> str:
    """The largest numbers beside the diagonal, with their classes."""
    wrong = [
        (count, names[true], names[said])
        for true, row in enumerate(matrix)
        for said, count in enumerate(row)
        if count and true != said
    ]
    if not wrong:
        return "Every sample was classified rightly."
    largest = sorted(wrong, key=lambda pair: -pair[0])[:_MOST_TOLD]
    told = ", ".join(f"{true} taken for {said} ({count:,})" for count, true, said in largest)
    return f"Confused most often: {told}."


@lru_cache(maxsize=8)
def _figure(matrix: Matrix, names: tuple[str, ...], dark: bool) -> go.Figure:
    """Figures take some 20 ms to make, and are drawn again and again while a run is watched."""
    return confusion_figure(np.array(matrix), list(names), dark=dark)
