"""The runs as lines through an axis for each of some fields."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import session
from components.charts.columns import Column
from components.charts.parallel import colored, parallel_figure
from components.comparison import fields, watch
from components.plain_text import as_markdown
from engine.comparison import Compared

_STYLE = """<style>
.parcoords .axis path, .parcoords .axis line {stroke: currentColor !important; opacity: 0.6}
.parcoords text {text-shadow: none !important}
</style>"""
"""Plotly draws the axes in black and a light shadow behind every text, also on a dark page."""
_FEW = 6
_MOST = 20
"""Axes side by side; more cannot be read."""


def show(runs: Sequence[Compared]) -> None:
    """Draw the choices and the picture."""
    offered = fields.offered(runs)
    if len(offered) < 2:
        st.caption("Nothing differs between these runs yet, so there is nothing to plot.")
        return
    outcome = fields.outcome(runs)
    chosen, color = _choices(runs, offered, outcome if outcome in offered else None)
    watch.refresh_button(runs, "parallel")
    if len(chosen) < 2:
        st.caption("Choose two fields or more.")
        return
    columns = [fields.column(runs, field) for field in chosen]
    tint = None if color is None else fields.column(runs, color)
    kept = list(range(len(runs))) if tint is None else colored(tint)
    if kept:
        st.html(_STYLE)
        st.plotly_chart(
            parallel_figure(
                [_only(column, kept) for column in columns],
                None if tint is None else _only(tint, kept),
            ),
            key="compare.parallel",
            config={"displaylogo": False},
            alt="Runs as lines through parallel axes",
        )
        st.caption(
            "Drag along an axis to see only the runs in that stretch, drag the axes' names to "
            "change their order. At – stand the runs that do not have the field."
        )
    if len(kept) < len(runs):
        count = len(runs) - len(kept)
        words = f"{count} of {len(runs)} runs left out: their {color} is not known."
        st.caption(as_markdown(words))


def _choices(
    runs: Sequence[Compared], offered: Sequence[str], outcome: str | None
) -> tuple[list[str], str | None]:
    usual = fields.settings(runs)[: _FEW - 1] + ([outcome] if outcome else [])
    left, right = st.columns([5, 2])
    session.drop_foreign(session.COMPARE_AXES, offered)
    session.drop_foreign(session.COMPARE_LINE_COLOR, offered)
    with left:
        axes: list[str] = st.multiselect(
            "Axes",
            offered,
            default=usual,
            key=session.COMPARE_AXES,
            bind="query-params",
            max_selections=_MOST,
        )
    with right:
        color = st.selectbox(
            "Colour of the lines",
            offered,
            index=None if outcome is None else list(offered).index(outcome),
            key=session.COMPARE_LINE_COLOR,
            bind="query-params",
            placeholder="One colour",
        )
    return axes, color


def _only(column: Column, places: Sequence[int]) -> Column:
    return Column(column.name, tuple(column.values[place] for place in places))
