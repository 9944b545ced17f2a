"""What a learning-rate range test found, and the way back into the form."""

from __future__ import annotations

import streamlit as st

from components import readable, run_start, workspace
from components.charts.range_test import range_figure
from components.form_schema import Document, value_at
from components.plain_text import as_markdown
from engine.learning_rates.range_test import range_result
from engine.run_spec import RunSpec
from engine.runs.run import Run
from engine.runs.state import ACTIVE, Status

_LR = "training.optimizer.lr"
_TESTED = {
    "task": "another task",
    "data": "other data",
    "model": "another model",
    "training.optimizer.name": "another optimizer",
}
"""What a learning rate is found for, by path, and how it is said that it is not that any more."""


def show(run: Run, status: Status) -> None:
    """Draw the loss over the learning rate of a range test that has ended; nothing for others."""
    spec = run.record.spec
    if spec is None or spec.training.scheduler.name != "range-test":
        return
    if status in ACTIVE:
        st.caption("A learning-rate range test: its result is drawn here when it has ended.")
        return
    result = range_result(run)
    if result.suggestion is None:
        st.warning("The loss never fell, so no learning rate can be suggested.")
    else:
        _suggest(run, float(f"{result.suggestion:.2g}"))
    st.plotly_chart(
        range_figure(result), key=f"range-test.{run.id}", config={"displayModeBar": False}
    )


def _suggest(run: Run, rate: float) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        shown = readable.shortest(rate)
        st.markdown(
            f"Suggested learning rate: **{shown}**, where the loss fell fastest.", width="content"
        )
        if st.button("Use this learning rate", key="range-test.use", icon=":material/input:"):
            take_over(run, rate)
            run_start.open_launch()


def take_over(run: Run, rate: float) -> None:
    """Put a learning rate into the draft, in a way that can be undone."""
    draft = workspace.current().draft
    notice = f"Learning rate {readable.shortest(rate)} from **{as_markdown(run.name)}**."
    others = other_than_tested(run.spec, draft.document)
    if others:
        notice += f" It was found for {', '.join(others)} than the form has now."
    workspace.bring(draft.edited(_LR, rate), notice)


def other_than_tested(spec: RunSpec, document: Document) -> list[str]:
    """What of the form is not what the test was made with."""
    tested = spec.model_dump(mode="json")
    return [
        words
        for path, words in _TESTED.items()
        if value_at(tested, path) != value_at(document, path)
    ]
