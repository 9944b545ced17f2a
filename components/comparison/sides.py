"""Samples and evaluations of up to four runs, side by side, kept fresh while the runs go on."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import session, trouble
from components.comparison import produced, side_by_side, watch
from components.comparison.class_sides import MEASURES, marked
from engine.comparison import Compared
from engine.runs.evaluations import ClassEvaluation, ClassTable, LabelEvaluation


def samples(runs: Sequence[Compared]) -> None:
    """Draw what the runs produced at a step."""

    def _now() -> None:
        with trouble.shown():
            key = session.COMPARE_SAMPLE_STEP
            side_by_side.show(runs, lambda run: run.run.sample_steps(), produced.samples, key)

    st.fragment(_now, run_every=watch.every_s(runs))()


def evaluations(runs: Sequence[Compared]) -> None:
    """Draw what the validations of a step saw in detail, and the classes in one table."""
    st.fragment(_evaluations, run_every=watch.every_s(runs))(runs)


def _evaluations(runs: Sequence[Compared]) -> None:
    tables: dict[str, ClassTable] = {}

    def _draw(run: Compared, step: int) -> None:
        match produced.evaluation(run, step):
            case ClassEvaluation() as found:
                tables[run.heading] = found.classes
            case LabelEvaluation() as found:
                tables[run.heading] = found.labels

    with trouble.shown():
        key = session.COMPARE_EVALUATION_STEP
        side_by_side.show(runs, lambda run: run.run.evaluation_steps(), _draw, key)
        if tables:
            _classes(tables)


def _classes(tables: dict[str, ClassTable]) -> None:
    st.subheader("Classes")
    measure = st.segmented_control(
        "Measure",
        list(MEASURES),
        default="F1",
        required=True,
        key=session.COMPARE_MEASURE,
        label_visibility="collapsed",
        persist_state="session",
    )
    look, height = marked(tables, measure or "F1")
    st.dataframe(
        look,
        key="compare.classes",
        hide_index=True,
        column_config={
            name: st.column_config.NumberColumn(format="%.3f", width=200)
            for name in list(look.columns)[1:]
        },
        placeholder="–",
        height=min(460, 38 + 35 * height),
        alt="How well each class is recognised by each run",
    )
