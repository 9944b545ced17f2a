"""The curves of the runs, one over the other, on a board that follows them by itself."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import session
from components.charts.bands import Relation
from components.charts.board import overlay_charts
from components.comparison.settings import Settings
from components.live_chart import BoardOptions, live_board
from engine.comparison import Compared, groups
from engine.comparison.fields import metrics_of

_RELATIONS: dict[str, Relation | None] = {
    "Values": None,
    "Less the baseline": "difference",
    "By the baseline": "ratio",
}


def show(runs: Sequence[Compared], settings: Settings) -> None:
    """Draw one chart a metric; groups as their mean with a band."""
    metrics = metrics_of(runs)
    if not metrics:
        st.caption("No curves yet.")
        return
    options = BoardOptions(overlay=True, band=settings.band)
    if settings.by:
        options["groups"] = labels_of(runs, settings.by)
    if settings.baseline is not None:
        relation = _relation()
        if relation is not None:
            options["baseline"], options["relative"] = settings.baseline, relation
    names = {run.id: run.heading for run in runs}
    live_board(names, overlay_charts(metrics), key="compared", **options)


def labels_of(runs: Sequence[Compared], by: Sequence[str]) -> dict[str, str]:
    """The label of the group of each run."""
    return {run.id: group.label for group in groups(runs, by) for run in group.runs}


def _relation() -> Relation | None:
    chosen = st.segmented_control(
        "Curves",
        list(_RELATIONS),
        default="Values",
        required=True,
        key=session.COMPARE_RELATIVE,
        bind="query-params",
        help="Whether curves show their values, the values less those of the baseline run, or "
        "divided by them.",
    )
    return _RELATIONS[chosen or "Values"]
