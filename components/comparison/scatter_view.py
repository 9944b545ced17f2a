"""Any field of the runs over any other, as points that lead to their runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from components import run_start, session
from components.charts.columns import Column, Scale
from components.charts.scatter import Scatter, scatter_figure
from components.comparison import fields, watch
from components.plain_text import as_markdown
from engine.comparison import Compared

_SCALES: dict[str, Scale] = {"Auto": "auto", "Linear": "linear", "Log": "log"}
_MOST_BUTTONS = 5


def show(runs: Sequence[Compared]) -> None:
    """Draw the choices, the picture, and buttons for the runs that are clicked."""
    offered = fields.offered(runs)
    if len(offered) < 2:
        st.caption("Nothing differs between these runs yet, so there is nothing to plot.")
        return
    scatter = _choices(runs, offered)
    watch.refresh_button(runs, "scatter")
    drawn = scatter.drawn()
    if drawn:
        event = st.plotly_chart(
            scatter_figure(scatter),
            key="compare.scatter",
            on_select="rerun",
            selection_mode="points",
            config={"displaylogo": False},
            alt=f"{scatter.y.name} over {scatter.x.name}, a point a run",
        )
        _open(runs, event)
    left_out = left_out_words(len(runs) - len(drawn), scatter.x, scatter.y)
    st.caption(as_markdown(f"{left_out}{hidden_words(scatter.hidden())}"))


def hidden_words(count: int) -> str:
    """How many points cannot be seen because another one lies on them."""
    if not count:
        return ""
    points = "1 point lies" if count == 1 else f"{count} points lie"
    return f" {points} exactly under another: the values are equal."


def left_out_words(count: int, *columns: Column) -> str:
    """How many runs are not in a picture, and why."""
    if not count:
        return "All runs are shown. Click a point to open its run."
    names = " or ".join(column.name for column in columns)
    runs = "1 run is" if count == 1 else f"{count} runs are"
    return f"{runs} left out: {names} is missing, not finite, or not positive on a log axis."


def _choices(runs: Sequence[Compared], offered: Sequence[str]) -> Scatter:
    first, outcome = fields.telling(runs) or offered[0], fields.outcome(runs)
    left, middle, right = st.columns([3, 3, 2])
    with left:
        x = _field("Horizontal", offered, session.COMPARE_X, offered.index(first))
        x_scale = _scale("Horizontal scale", session.COMPARE_X_SCALE)
    with middle:
        place = offered.index(outcome) if outcome in offered else len(offered) - 1
        y = _field("Vertical", offered, session.COMPARE_Y, place)
        y_scale = _scale("Vertical scale", session.COMPARE_Y_SCALE)
    with right:
        color = _field("Colour", offered, session.COMPARE_COLOR, None)
    assert x is not None, "a field is always chosen"
    assert y is not None, "a field is always chosen"
    return Scatter(
        {run.id: run.heading for run in runs},
        fields.column(runs, x),
        fields.column(runs, y),
        None if color is None else fields.column(runs, color),
        x_scale,
        y_scale,
    )


def _field(label: str, offered: Sequence[str], key: str, index: int | None) -> str | None:
    session.drop_foreign(key, offered)
    return st.selectbox(
        label, offered, index=index, key=key, bind="query-params", placeholder="One a run"
    )


def _scale(label: str, key: str) -> Scale:
    chosen = st.segmented_control(
        label,
        list(_SCALES),
        default="Auto",
        required=True,
        key=key,
        bind="query-params",
        label_visibility="collapsed",
    )
    return _SCALES[chosen or "Auto"]


def _open(runs: Sequence[Compared], event: Any) -> None:
    """A button for each of the points that are selected."""
    names = {run.id: run.heading for run in runs}
    ids = [point.get("customdata") for point in event["selection"]["points"]]
    flat = [one[0] if isinstance(one, list) else one for one in ids]
    with st.container(horizontal=True):
        for run_id in [one for one in dict.fromkeys(flat) if one in names][:_MOST_BUTTONS]:
            label = names[run_id] if len(names[run_id]) <= 60 else f"{names[run_id][:59]}…"
            if st.button(
                as_markdown(f"Open {label}"),
                key=f"compare.open.{run_id}",
                icon=":material/monitoring:",
            ):
                run_start.open_live(run_id)
