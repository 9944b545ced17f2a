"""How a model's forward is called: what shows of it, and choices in place of what is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from components import readable
from components.field_words import help_of
from components.form_schema import Leaf, leaves
from components.plain_text import as_markdown
from engine.errors import BadInput
from engine.models.imported.inspection import Candidate
from engine.models.imported.spec import CallSpec
from engine.models.imported.syntax import Parameter

_CHOICES = {
    "found": "Automatic",
    "yes": "Yes",
    "no": "No",
    "none": "None",
    "torch": "True: do not look",
    "keep": "True: look",
}
Seed = Callable[[str, object], str]
Read = Callable[[str], Any]
Keep = Callable[[CallSpec], None]


def show(candidate: Candidate, call: CallSpec, seed: Seed, read: Read, keep: Keep) -> None:
    """Draw the signature of forward in words, and a field for each choice."""
    st.caption(forward_words(candidate))
    names = [p.name for p in candidate.forward or () if not p.starred]
    with st.grid(3, min_column_width=170):
        for leaf in leaves(CallSpec, call.model_dump()).values():
            with st.container(gap="xsmall"):
                _field(leaf, call, names, (seed, read, keep))


def forward_words(candidate: Candidate) -> str:
    """What shows of the forward, without running it."""
    if candidate.forward is None:
        return "What its forward takes shows only when it is tried."
    needed = [_written(p) for p in candidate.forward if p.required]
    others = [_written(p) for p in candidate.forward if not p.required and not p.starred]
    words = f"Its forward takes {', '.join(needed) or 'nothing'}"
    if others:
        words += f", and may be given {', '.join(others)}"
    return f"{words}. What is not chosen here is found out when it is tried."


def differences(call: CallSpec) -> int:
    """How many choices are not left to be found."""
    usual = CallSpec().model_dump()
    return sum(value != usual[name] for name, value in call.model_dump().items())


def _written(parameter: Parameter) -> str:
    return f"**{as_markdown(parameter.name)}**"


def _field(leaf: Leaf, call: CallSpec, names: Sequence[str], kept: tuple[Seed, Read, Keep]) -> None:
    seed, _, _ = kept
    field, value = f"call.{leaf.path}", getattr(call, leaf.path)
    shared: dict[str, Any] = {"help": help_of(leaf), "on_change": _edit, "args": (leaf, call, kept)}
    match leaf.kind:
        case "choice":
            key = seed(field, value)
            st.selectbox(leaf.label, leaf.choices, key=key, format_func=_shown, **shared)
        case "switch":
            st.toggle(leaf.label, key=seed(field, value), **shared)
        case "names":
            options = list(dict.fromkeys([*names, *value]))
            key = seed(field, list(value))
            st.multiselect(leaf.label, options, key=key, placeholder="Automatic", **shared)
        case _:
            key = seed(field, "" if value == "found" else value)
            st.text_input(leaf.label, key=key, placeholder="Automatic", max_chars=200, **shared)


def _shown(choice: str) -> str:
    return _CHOICES.get(choice, readable.choice(choice))


def _edit(leaf: Leaf, call: CallSpec, kept: tuple[Seed, Read, Keep]) -> None:
    _, read, keep = kept
    value = read(f"call.{leaf.path}")
    if leaf.kind == "text":
        value = value.strip() or "found"
    try:
        keep(CallSpec.parse({**call.model_dump(), leaf.path: value}))
    except BadInput as error:
        st.toast(as_markdown(str(error)), icon=":material/error:")
