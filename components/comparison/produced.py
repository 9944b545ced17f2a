"""What a run produced at a step, and what it got wrong, in a narrow column."""

from __future__ import annotations

import streamlit as st

from components import confusion_view
from components.charts.predicted import predicted_figure, residual_figure
from components.sample_html import STYLE, samples_html
from engine.comparison import Compared
from engine.runs.evaluations import (
    ClassEvaluation,
    Evaluation,
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


def evaluation(run: Compared, step: int) -> Evaluation | None:
    """Draw what the validation of a step saw in detail, and give it; None when it is damaged."""
    try:
        found = parsed(run.run.evaluation(step))
    except (OSError, ValueError, UnreadableEvaluation) as error:
        st.warning(f"The evaluation of step {step:,} cannot be read ({type(error).__name__}).")
        return None
    st.caption(f"{found.samples:,} held-out samples")
    match found:
        case ClassEvaluation():
            _confusions(run.id, found)
        case NumberEvaluation():
            unit = "" if found.in_own_unit else "(standardised)"
            figure = predicted_figure(found, unit)
            st.plotly_chart(figure, key=f"compare.true.{run.id}", config=_BAR)
            figure = residual_figure(found.residuals, unit)
            st.plotly_chart(figure, key=f"compare.residuals.{run.id}", config=_BAR)
    return found


def _confusions(run_id: str, found: ClassEvaluation) -> None:
    if found.matrix is not None:
        confusion_view.show(found.matrix, found.classes.name, f"compare.matrix.{run_id}")
    elif found.confused:
        rows = {
            "True": [pair.true for pair in found.confused],
            "Predicted": [pair.predicted for pair in found.confused],
            "Samples": [pair.count for pair in found.confused],
        }
        st.dataframe(rows, hide_index=True, height=340, alt="Classes confused most often")
