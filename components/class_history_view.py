"""Precision, recall and F1 of the classes somebody chose, over the validations of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal, cast

import plotly.graph_objects as go
import streamlit as st

from components import live_state, seeding
from components.charts.class_history import class_history_figure
from engine.errors import EngineError
from engine.runs.evaluations import ClassEvaluation, ClassTable, LabelEvaluation, parsed
from engine.runs.run import Run

MOST = 200
"""Validations drawn; of more, every second, fourth, ... and the newest."""
AT_FIRST = 6
"""Classes drawn until somebody chooses: those that are recognised worst."""
MOST_CLASSES = 10
Measure = Literal["F1", "Recall", "Precision"]
_MEASURES: tuple[Measure, ...] = ("F1", "Recall", "Precision")
_HELP = (
    "A line a class; a gap is what could not be known. First drawn are those that are worst now."
)


def show(run: Run, steps: Sequence[int], newest: ClassTable) -> None:
    """Draw the lines; nothing before the second validation."""
    if len(steps) < 2 or not newest.name:
        return
    st.subheader("Classes over the run", help=_HELP)
    measure, classes = _chosen(newest)
    if not classes:
        return
    attempt = run.state().attempt  # a resumed run may write its steps again
    figure = _figure(str(run.folder), attempt, thinned(steps), measure, tuple(classes))
    config = {"displayModeBar": False}
    alt = f"{measure} of {len(classes)} classes over the validations"
    st.plotly_chart(figure, key="evaluation.history", config=config, alt=alt)


def worst(table: ClassTable, most: int = AT_FIRST) -> list[str]:
    """The classes with the lowest F1, in the table's order; unknown counts as good."""
    known = [1.0 if value is None else value for value in table.f1]
    by_f1 = sorted(range(len(known)), key=known.__getitem__)
    kept = set(by_f1[:most])
    return list(dict.fromkeys(name for place, name in enumerate(table.name) if place in kept))


def thinned(steps: Sequence[int]) -> tuple[int, ...]:
    """At most so many steps, most of them the same when more have come."""
    stride = 1
    while len(steps) > MOST * stride:
        stride *= 2
    return tuple(sorted({*steps[::stride], steps[-1]}))


def _chosen(newest: ClassTable) -> tuple[Measure, list[str]]:
    names = list(dict.fromkeys(newest.name))
    kept = [name for name in st.session_state.get(live_state.CLASSES, []) if name in names]
    st.session_state[live_state.CLASSES] = kept or worst(newest)
    seeding.seed(live_state.CLASS_MEASURE, _MEASURES[0])
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        measure = st.segmented_control(
            "Measure", _MEASURES, key=live_state.CLASS_MEASURE, required=True, width="content"
        )
        classes = st.multiselect(
            "Classes", names, key=live_state.CLASSES, max_selections=MOST_CLASSES, width=560
        )
    return cast(Measure, measure), classes


@lru_cache(maxsize=8)
def _figure(
    folder: str, attempt: int, steps: tuple[int, ...], measure: Measure, classes: tuple[str, ...]
) -> go.Figure:
    tables = {step: _shares(folder, attempt, step, measure) for step in steps}
    known = {step: table for step, table in tables.items() if table is not None}
    lines = {name: [table.get(name) for table in known.values()] for name in classes}
    return class_history_figure(list(known), lines)


# A file never changes within an attempt.
@lru_cache(maxsize=16 * MOST)
def _shares(
    folder: str, attempt: int, step: int, measure: Measure
) -> Mapping[str, float | None] | None:
    """Class -> the measure at a step; None for a file that is damaged or of something else."""
    try:
        evaluation = parsed(Run(Path(folder)).evaluation(step))
    except (EngineError, OSError, ValueError):
        return None
    match evaluation:
        case ClassEvaluation():
            table = evaluation.classes
        case LabelEvaluation():
            table = evaluation.labels
        case _:
            return None
    columns = {"F1": table.f1, "Recall": table.recall, "Precision": table.precision}
    return dict(zip(table.name, columns[measure], strict=True))
