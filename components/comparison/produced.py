"""What a run produced at a step, and what it got wrong, in a narrow column."""

from __future__ import annotations

import numpy as np
import streamlit as st

from components.charts.confusion import class_frame, confusion_figure
from components.charts.predicted import predicted_figure, residual_figure
from components.sample_html import STYLE, samples_html
from engine.comparison import Compared
from engine.runs.evaluations import (
    ClassEvaluation,
    ClassTable,
    Evaluation,
    LabelEvaluation,
    NumberEvaluation,
    UnreadableEvaluation,
    parsed,
)

_BAR = {"displayModeBar": False}


def samples(run: Compared, step: int) -> None:
    """Draw the samples of a step."""
    try:
        content = run.run.samples(step)
    except (OSError, ValueError) as error:
        st.warning(f"The samples of step {step:,} cannot be read ({type(error).__name__}).")
        return
    st.html(STYLE + samples_html(content))


def evaluation(run: Compared, step: int) -> None:
    """Draw what the validation of a step saw in detail."""
    try:
        found = parsed(run.run.evaluation(step))
    except (OSError, ValueError, UnreadableEvaluation) as error:
        st.warning(f"The evaluation of step {step:,} cannot be read ({type(error).__name__}).")
        return
    st.caption(f"{found.samples:,} held-out samples")
    _draw(run.id, found)


def _draw(key: str, found: Evaluation) -> None:
    match found:
        case ClassEvaluation():
            _classes(key, found)
        case LabelEvaluation():
            _table(key, found.labels)
        case NumberEvaluation():
            unit = "" if found.in_own_unit else "(standardised)"
            st.plotly_chart(predicted_figure(found, unit), key=f"compare.true.{key}", config=_BAR)
            figure = residual_figure(found.residuals, unit)
            st.plotly_chart(figure, key=f"compare.residuals.{key}", config=_BAR)


def _classes(key: str, found: ClassEvaluation) -> None:
    if found.matrix is not None:
        dark = st.context.theme.type == "dark"
        figure = confusion_figure(np.array(found.matrix), list(found.classes.name), dark=dark)
        st.plotly_chart(figure, key=f"compare.matrix.{key}", config=_BAR)
    elif found.confused:
        rows = {
            "True": [pair.true for pair in found.confused],
            "Predicted": [pair.predicted for pair in found.confused],
            "Samples": [pair.count for pair in found.confused],
        }
        st.dataframe(rows, hide_index=True, height=340, alt="Classes confused most often")
    _table(key, found.classes)


def _table(key: str, table: ClassTable) -> None:
    shares = {
        name: st.column_config.NumberColumn(format="%.3f") for name in ("Precision", "Recall", "F1")
    }
    st.dataframe(
        class_frame(table),
        key=f"compare.classes.{key}",
        hide_index=True,
        column_config=shares,
        placeholder="–",
        height=min(420, 38 + 35 * max(1, len(table.name))),
        alt="Classes with precision, recall and F1",
    )
