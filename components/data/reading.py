"""How a source is to be read: found out by itself, or as somebody says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from components.data import page_state
from components.field_words import complaint
from components.plain_text import as_markdown
from engine.data.intake.source import MISSING, Options
from engine.errors import BadInput, Problem

_FORMATS = {
    "txt": "Text",
    "csv": "CSV, TSV",
    "json": "JSON",
    "jsonl": "JSON lines",
    "parquet": "Parquet",
    "arrow": "Arrow",
    "numpy": "NumPy",
    "images": "Images",
}
_NAMES: dict[Any, str] = {
    **_FORMATS,
    None: "Found out",
    True: "Names the columns",
    False: "Is a row like others",
    "stop": "Stop and say where",
    "skip": "Leave out and count",
    "text": "Take as texts",
}


@dataclass(frozen=True)
class _Field:
    name: str
    choices: Sequence[Any] = ()
    example: str = ""
    usual: Any = None


_FIELDS = (
    _Field("format", (None, *_FORMATS)),
    _Field("encoding", example="UTF-8, or what the file says"),
    _Field("rows", ("lines", "paragraphs", "document"), usual="lines"),
    _Field("delimiter", example="found out; \\t is a tab"),
    _Field("quote", example='"'),
    _Field("header", (None, True, False)),
    _Field("ragged", ("stop", "skip"), usual="stop"),
    _Field("broken", ("stop", "skip"), usual="stop"),
    _Field("mixed", ("stop", "text"), usual="stop"),
    _Field("missing", example=", ".join(name for name in MISSING if name)),
)


def current() -> Options:
    """What is said so far.

    Raises:
        BadInput: with the field that makes no sense.
    """
    document: dict[str, Any] = {}
    for field in _FIELDS:
        value = page_state.typed(f"option.{field.name}", field.usual)
        if value not in (None, ""):
            document[field.name] = value
    if "missing" in document:
        names = str(document["missing"]).split(",")
        document["missing"] = ("", *(name.strip() for name in names if name.strip()))
    return Options.parse(document)


def show(*, unfolded: bool) -> Options | None:
    """Draw the fields, each with what is wrong with it; None while something is."""
    problems: Sequence[Problem] = ()
    options: Options | None = None
    try:
        options = current()
    except BadInput as error:
        problems = error.problems
    said = len(options.model_dump(exclude_defaults=True)) if options else 0
    title = "How it is read" + (f" ({said} said)" if said else ": found out")
    opened = unfolded or bool(problems)
    with st.expander(title, expanded=opened, icon=":material/tune:", key=f"data.how.{opened}"):
        with st.grid(4, min_column_width=150):
            for field in _FIELDS:
                with st.container(gap="xsmall"):
                    _draw(field)
                    for problem in problems:
                        if problem.path == field.name:
                            st.markdown(f":small[:red[{as_markdown(complaint(problem))}]]")
        st.button(
            "Find all out",
            key="data.how.reset",
            icon=":material/undo:",
            on_click=_reset,
            disabled=not said and not problems,
            type="tertiary",
        )
    return options


def _draw(field: _Field) -> None:
    info = Options.model_fields[field.name]
    title, about = info.title or field.name, info.description or ""
    where = page_state.seed(f"option.{field.name}", field.usual if field.choices else "")
    taken, names = page_state.take, (f"option.{field.name}",)
    if field.choices:
        st.selectbox(
            title,
            field.choices,
            key=where,
            help=about,
            format_func=_name,
            required=True,
            on_change=taken,
            args=names,
        )
    else:
        st.text_input(
            title,
            key=where,
            help=about,
            placeholder=field.example,
            max_chars=200,
            on_change=taken,
            args=names,
        )


def _name(value: Any) -> str:
    return _NAMES.get(value, str(value).capitalize())


def say(name: str, value: Any) -> None:
    """Say one option; only in a callback."""
    page_state.keep(f"option.{name}", value)


def _reset() -> None:
    for field in _FIELDS:
        say(field.name, field.usual if field.choices else "")
