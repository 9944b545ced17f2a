"""What the newest or a chosen validation saw in detail: confusions, calibration, errors."""

from __future__ import annotations

from functools import lru_cache

import plotly.graph_objects as go
import streamlit as st

from components import class_history_view, confusion_view, session, step_picker
from components.charts.confusion import class_frame
from components.charts.predicted import predicted_figure, residual_figure
from components.charts.reliability import reliability_figure
from engine.runs.evaluations import (
    ClassEvaluation,
    ClassTable,
    ConfusedPair,
    Evaluation,
    LabelEvaluation,
    NumberEvaluation,
    parsed,
)
from engine.runs.run import Run

_MATRIX = "How often each true class (row) was taken for each class (column). The colour is the "
_MATRIX += "share of the row: a column of strong colour is a class that is predicted too often."
_RELIABILITY = "Samples in 15 bins by the probability of the predicted class, and how many of each "
_RELIABILITY += "bin are right. Below the line the model is surer than it should be."
_TABLE = "Precision: of those said to be it, the share that is. Recall: of those that are it, the "
_TABLE += "share that was found. F1: their harmonic mean. A dash is what cannot be known."
_PREDICTED = "Up to 500 samples spread over the held-out set. On the line they are right."
_RESIDUALS = "All samples by how far the prediction is off; left of the line it is too low."
_NOTHING = {
    "causal-lm": "A language model has no classes to confuse: see its curves and samples.",
    "masked-lm": "A language model has no classes to confuse: see its curves and samples.",
    "seq2seq": "Written texts have no classes to confuse: see the curves and samples.",
}


def show(run: Run) -> None:
    """Draw the evaluation of a step; the newest, and those that follow, unless one was picked."""
    steps = run.evaluation_steps()
    if not steps:
        st.caption(_nothing(run))
        return
    step = step_picker.pick(steps, "Evaluation at step", session.EVALUATION_STEP)
    try:
        evaluation = parsed(run.evaluation(step))
    except ValueError as error:
        st.warning(f"The evaluation of step {step:,} cannot be read ({type(error).__name__}).")
        return
    _draw(evaluation)
    if isinstance(evaluation, ClassEvaluation):
        class_history_view.show(run, steps, evaluation.classes)
    elif isinstance(evaluation, LabelEvaluation):
        class_history_view.show(run, steps, evaluation.labels)


def _nothing(run: Run) -> str:
    record = run.record
    if record.spec is None:
        return "Evaluations are made by the runs that are trained here; this one was imported."
    nothing = "The evaluation appears here after the first validation."
    return _NOTHING.get(record.spec.task.kind, nothing)


def _draw(evaluation: Evaluation) -> None:
    match evaluation:
        case ClassEvaluation():
            _classes(evaluation)
        case LabelEvaluation():
            st.caption(_samples(evaluation.samples))
            _table(evaluation.labels, "Labels")
        case NumberEvaluation():
            _numbers(evaluation)


def _classes(evaluation: ClassEvaluation) -> None:
    st.caption(_samples(evaluation.samples))
    left, right = st.columns([3, 2], gap="large")
    with left:
        if evaluation.matrix is not None:
            st.subheader("Confusion matrix", help=_MATRIX)
            confusion_view.show(evaluation.matrix, evaluation.classes.name, "evaluation.matrix")
        else:
            st.subheader("Confused most often", help="The classes are too many for a matrix.")
            _pairs(evaluation.confused or ())
    with right:
        st.subheader("Reliability", help=_RELIABILITY)
        _figure(_reliability(evaluation.reliability), "reliability")
    _table(evaluation.classes, "Classes")


def _numbers(evaluation: NumberEvaluation) -> None:
    unit = "" if evaluation.in_own_unit else "(standardised)"
    st.caption(_samples(evaluation.samples))
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Predicted and true", help=_PREDICTED)
        _figure(_predicted(evaluation, unit), "predicted")
    with right:
        st.subheader("Residuals", help=_RESIDUALS)
        _figure(_residuals(evaluation.residuals, unit), "residuals")


def _table(table: ClassTable, title: str) -> None:
    st.subheader(title, help=_TABLE)
    shares = {
        name: st.column_config.NumberColumn(format="%.3f") for name in ("Precision", "Recall", "F1")
    }
    st.dataframe(
        class_frame(table),
        hide_index=True,
        column_config=shares,
        placeholder="–",
        height=min(420, 38 + 35 * max(1, len(table.name))),
        alt=f"{title} with precision, recall and F1",
    )


def _pairs(pairs: tuple[ConfusedPair, ...]) -> None:
    if not pairs:
        st.markdown("Every sample was classified rightly.")
        return
    rows = {
        "True": [pair.true for pair in pairs],
        "Predicted": [pair.predicted for pair in pairs],
        "Samples": [pair.count for pair in pairs],
    }
    st.dataframe(rows, hide_index=True, height=340, alt="Pairs of classes confused most often")


def _figure(figure: go.Figure, part: str) -> None:
    st.plotly_chart(figure, key=f"evaluation.{part}", config={"displayModeBar": False})


# Figures take some 20 ms to make, and these are drawn again and again while a run is watched.
_reliability = lru_cache(maxsize=8)(reliability_figure)
_predicted = lru_cache(maxsize=8)(predicted_figure)
_residuals = lru_cache(maxsize=8)(residual_figure)


def _samples(count: int) -> str:
    return f"{count:,} held-out samples" if count != 1 else "1 held-out sample"
