"""How a dataset is trained on: its task, split and preparation, and what a model gets of it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from components import readable, trouble
from components.data import columns_tab, page_state, preparation_view, to_launch
from components.data.looked_at import Looked
from components.data.setup import changed
from components.data.setup_fields import image_fields, split_fields, table_fields, text_fields
from components.plain_text import as_markdown
from engine.data.library.roles import guessed_task
from engine.data.library.spec import MODALITIES
from engine.data.preparation.roles import misfits
from engine.task_spec import TaskKind

_TASKS: tuple[TaskKind, ...] = tuple(MODALITIES)


def begin(looked: Looked) -> None:
    """Draw the button that opens the Launch form."""
    spec = looked.spec
    problem = ""
    if spec is None:
        problem = "Choose the task under Training first."
    elif next(misfits(spec, looked.dataset), None) is not None:
        problem = "The columns do not fit the task: see Columns or Training."
    clicked = st.button(
        "Train on this data",
        key=page_state.key("train", looked.fingerprint),
        type="primary",
        icon=":material/rocket_launch:",
        disabled=bool(problem),
        help=problem
        or "Opens the Launch form with it. The name changes, and the model where it does not fit.",
    )
    if clicked and spec is not None:
        with trouble.shown():
            to_launch.train(looked.dataset, spec)


def show(looked: Looked) -> None:
    """Draw the choices, and beside them what a model gets."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        _task(looked)
        columns_tab.problems(looked)
        if looked.spec is not None:
            split_fields(looked)
            {"text": text_fields, "image": image_fields, "table": table_fields}[
                looked.spec.modality
            ](looked)
    with right:
        st.markdown("##### What a model gets")
        if looked.spec is None:
            st.caption("Nothing yet: the task is not known.")
        else:
            preparation_view.show(looked, looked.spec)


def _task(looked: Looked) -> None:
    guess = guessed_task(looked.dataset.columns)
    now = None if looked.spec is None else looked.spec.task
    key = page_state.key("task", looked.fingerprint)
    st.session_state[key] = now  # roles or another tab may have changed it
    st.selectbox(
        "Task",
        _TASKS,
        index=None,
        key=key,
        placeholder="What is it for?",
        format_func=readable.choice,
        help="Guessed from the columns; any that fits them can be chosen.",
        on_change=_choose_task,
        args=(looked, key),
    )
    if guess is None:
        st.caption("No task has such columns: say what each is for under Columns.")
    elif now != guess:
        st.caption(as_markdown(f"It seems to be for: {readable.choice(guess)}."))


def _choose_task(looked: Looked, key: str) -> None:
    chosen: Any = st.session_state[key]
    with trouble.shown():
        looked.keeping.write(changed(looked.setup, "task", chosen))
