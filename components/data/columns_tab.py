"""The columns of a dataset: types, what was seen of their values, and what each is for."""

from __future__ import annotations

from typing import get_args

import pandas as pd
import streamlit as st

from components import trouble
from components.data import page_state
from components.data.looked_at import Looked
from components.numbers import shown_number
from components.plain_text import as_markdown
from engine.data.library.record import Column
from engine.data.library.spec import Role
from engine.data.preparation.roles import misfits

_ROLES: tuple[Role, ...] = get_args(Role)
_HELP = (
    "text and image: what a model reads; number and category: columns of a table; label: the "
    "class; target: the number or text to predict; group, time and split decide what is held out; "
    "ignore: nothing is made of it."
)


def show(looked: Looked) -> None:
    """Draw a line for each column; a role can be chosen in it."""
    st.caption("What a column is for can be changed: click on its role.")
    columns = looked.dataset.columns
    stamp = hash(tuple(column.role for column in columns))
    edited = st.data_editor(
        pd.DataFrame([_line(column) for column in columns]),
        key=page_state.key(f"roles.{stamp}", looked.fingerprint),
        hide_index=True,
        disabled=["Column", "Type", "Missing", "Different", "Mean length", "Longest", "Range"],
        column_config={
            "Role": st.column_config.SelectboxColumn(options=_ROLES, required=True, help=_HELP),
            "Column": st.column_config.TextColumn(pinned=True),
            "Missing": st.column_config.NumberColumn(format="localized"),
            "Different": st.column_config.NumberColumn(format="localized"),
        },
        height=min(640, 40 + 35 * len(columns)),
        placeholder="–",
        alt="Columns",
    )
    assign(looked, dict(zip([c.name for c in columns], edited["Role"], strict=True)))
    problems(looked)


def assign(looked: Looked, roles: dict[str, Role]) -> None:
    """Keep roles that were changed, and draw the page anew."""
    now = {column.name: column.role for column in looked.dataset.columns}
    wanted = {name: role for name, role in roles.items() if role and role != now[name]}
    if wanted:
        with trouble.shown():
            looked.library.assign(looked.fingerprint, wanted)
            looked.keeping.write(looked.setup.model_copy(update={"split": None}))
            st.rerun()


def problems(looked: Looked) -> None:
    """Draw what keeps the columns from fitting the task."""
    if looked.wrong is not None:
        for problem in looked.wrong.problems:
            st.error(as_markdown(str(problem)), icon=":material/error:")
    elif looked.spec is not None:
        for problem in misfits(looked.spec, looked.dataset):
            st.error(as_markdown(str(problem)), icon=":material/error:")


def _line(column: Column) -> dict[str, object]:
    edges = (column.least, column.greatest)
    bounded = None if None in edges else " to ".join(shown_number(edge) for edge in edges)
    return {
        "Column": column.name,
        "Type": column.type,
        "Role": column.role,
        "Missing": column.missing,
        "Different": column.distinct,
        "Mean length": None if column.mean_length is None else round(column.mean_length, 1),
        "Longest": column.longest,
        "Range": bounded,
    }
