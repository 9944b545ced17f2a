"""The arguments of imported code as fields: value, where it is from, what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st
from pydantic import JsonValue

from components.field_words import complaint
from components.plain_text import as_markdown
from engine.models.imported.arguments import MOST_LETTERS, Row, taken, text_of, value_of
from engine.models.imported.matching import Known

_FIELD = "argument."
_MORE = "more arguments"


@dataclass(frozen=True, slots=True)
class Editing:
    """Where the values of the fields are kept."""

    seed: Callable[[str, object], str]
    """(field, value) -> the key of its widget."""
    read: Callable[[str], Any]
    """What the widget of a field holds."""
    keep: Callable[[str, JsonValue], None]
    """Keep the value of an argument that was typed."""
    empty: Callable[[str], None]
    """Keep that an argument was emptied: the code's own default is wanted."""
    anew: Callable[[str], None]
    """Let the widget of a field take its value from what is kept."""


def show(
    rows: Sequence[Row], editing: Editing, known: Callable[[str], Known | None], *, more: bool
) -> None:
    """Draw a field for each argument; with `more` also one for others.

    `known` gives what the data says of an argument.
    """
    if not rows and not more:
        st.caption("It is built without arguments.")
        return
    with st.grid(3, min_column_width=170):
        for row in rows:
            with st.container(gap="xsmall"):
                _field(row, editing)
                _below(row, editing, known(row.name))
        if more:
            with st.container(gap="xsmall"):
                _others(editing)


def _field(row: Row, editing: Editing) -> None:
    offered = taken(row.match.annotation).offered
    texts = [text_of(value, "") for value in offered]
    text = text_of(row.value, row.match.annotation) if row.given else None
    field = f"{_FIELD}{row.name}"
    shared: dict[str, Any] = {
        "help": _help(row),
        "placeholder": _placeholder(row),
        "on_change": _edit,
        "args": (row, editing),
    }
    if texts and (text is None or text in texts):
        key = editing.seed(field, text)
        st.selectbox(_label(row.name), texts, index=None, key=key, **shared)
    elif isinstance(row.value, dict):
        key = editing.seed(field, json.dumps(row.value, indent=1, ensure_ascii=False))
        st.text_area(_label(row.name), key=key, max_chars=MOST_LETTERS, height=160, **shared)
    else:
        key = editing.seed(field, text or "")
        st.text_input(_label(row.name), key=key, max_chars=MOST_LETTERS, **shared)


def _label(name: str) -> str:
    """The name as it is, for screen readers too; underscores mean something at its ends alone."""
    return name if name.isidentifier() and name == name.strip("_") else as_markdown(name)


def _help(row: Row) -> str:
    takes = f"Takes {as_markdown(row.match.annotation)}. " if row.match.annotation else ""
    empty = "" if row.match.required else " Empty: the code's own default."
    return f"{takes}As Python or JSON writes it: 64, 0.1, True, [1, 2], a text.{empty}"


def _placeholder(row: Row) -> str:
    return "needed" if row.match.required else row.match.default[:40]


def _below(row: Row, editing: Editing, known: Known | None) -> None:
    if row.problem is not None:
        st.markdown(f":small[:red[{as_markdown(complaint(row.problem))}]]")
    if row.said:
        st.caption(as_markdown(row.said))
    if row.warning:
        st.markdown(f":small[:orange[:material/warning: {as_markdown(row.warning)}]]")
        if known is not None:
            st.button(
                f"Use {as_markdown(text_of(known[0], ''))}",
                key=f"arguments.use.{row.name}",
                type="tertiary",
                on_click=_use,
                args=(row.name, known[0], editing),
            )


def _edit(row: Row, editing: Editing) -> None:
    text = editing.read(f"{_FIELD}{row.name}")
    if text is None or not text.strip():
        editing.empty(row.name)
    else:
        editing.keep(row.name, value_of(text, row.match.annotation))


def _use(name: str, value: JsonValue, editing: Editing) -> None:
    editing.keep(name, value)
    editing.anew(f"{_FIELD}{name}")


def _others(editing: Editing) -> None:
    st.text_input(
        "Another argument",
        key=editing.seed(_MORE, ""),
        max_chars=MOST_LETTERS,
        placeholder="bias = False",
        help="It takes arguments of any name: a name, an equals sign and a value.",
        on_change=_add,
        args=(editing,),
    )


def _add(editing: Editing) -> None:
    name, equals, text = editing.read(_MORE).partition("=")
    if equals and name.strip().isidentifier() and text.strip():
        editing.keep(name.strip(), value_of(text, ""))
        editing.anew(_MORE)
