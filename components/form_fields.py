"""One widget for one field of a document, made from what the schema says about the field."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from components import readable, session, settings_text, workspace
from components.draft import Draft
from components.field_words import complaint, help_of, label
from components.fitting import LEADING
from components.form_schema import Leaf, Variants
from components.models import versions
from components.plain_text import as_markdown
from engine.errors import Problem

_SUGGESTED = {"integer": 10, "number": 1.0}
_BESIDE = 26
"""Choices of so many letters together fit side by side into one cell of the form."""


def show(leaf: Leaf, value: Any, problems: Sequence[Problem]) -> None:
    """Draw the widget of a field, and below it what is wrong with its value."""
    if leaf.optional:
        _switchable(leaf, value)
    else:
        _WIDGETS[leaf.kind](leaf, value, "visible")
    for problem in problems:
        st.markdown(f":small[:red[{as_markdown(complaint(problem, leaf))}]]")


def show_variants(variants: Variants, chosen: str, problems: Sequence[Problem]) -> None:
    """Draw the selector between documents of different shape."""
    options = dict(variants.options)
    about = options[chosen].__doc__ or ""
    key = session.seed(variants.path, chosen)
    st.selectbox(
        variants.label,
        variants.names,
        key=key,
        help=about,
        format_func=readable.choice,
        on_change=_choose_variant,
        args=(variants,),
    )
    for problem in problems:
        st.markdown(f":small[:red[{as_markdown(complaint(problem))}]]")


def _edit(leaf: Leaf, read: Callable[[Leaf, Any], object]) -> None:
    value = read(leaf, session.form_value(leaf.path))
    _keep(workspace.current().draft.edited(leaf.path, value), leaf.path)


def _choose_variant(variants: Variants) -> None:
    name = session.form_value(variants.path)
    draft: Draft | None = workspace.current().draft
    if draft is not None and variants.path == versions.PATH:
        draft = versions.shelved(draft, name, session.store())
    if draft is None:  # somebody has just removed the last one
        session.clear_form_field(variants.path)
        return
    _keep(draft.chosen(variants, name), variants.path)


def _keep(draft: Draft, path: str) -> None:
    if path in LEADING:
        workspace.choose(draft, path)
    else:
        workspace.change(draft)


# -- numbers -----------------------------------------------------------------------------------


def _number(leaf: Leaf, value: Any, label_visibility: Any) -> None:
    """Without bounds of its own: it takes what is typed, and the form says what is wrong."""
    if leaf.log:
        _log_number(leaf, value, label_visibility)
        return
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    st.number_input(
        label(leaf),
        value=None,
        step=_step(leaf),
        format="%.10g",
        key=session.seed(leaf.path, float(value) if is_number else None),
        help=help_of(leaf),
        on_change=_edit,
        args=(leaf, _read_number),
        label_visibility=label_visibility,
    )


def _read_number(leaf: Leaf, value: float | None) -> object:
    whole = leaf.kind == "integer" and value is not None and value.is_integer()
    return int(value) if whole and value is not None else value


def _step(leaf: Leaf) -> float:
    """What one press of plus adds: 1, or a quarter of a power of two, or a tenth of a big default.

    A fraction changes by a hundredth.
    """
    if leaf.kind == "number":
        return 0.01
    usual = leaf.default if isinstance(leaf.default, int) else 1
    if usual < 16:
        return 1.0
    return float(usual // 4 if usual.bit_count() == 1 else 10 ** (int(math.log10(usual)) - 1))


def _log_number(leaf: Leaf, value: Any, label_visibility: Any) -> None:
    """A text, so that 3e-4 is typed and shown as it is, with steps of about a factor of three."""
    text = readable.shortest(value) if isinstance(value, int | float) else str(value or "")
    key = session.seed(leaf.path, text)
    stepped = f"stepped-{leaf.path}"
    with st.container(horizontal=True, wrap=False, vertical_alignment="bottom", key=stepped):
        st.text_input(
            label(leaf),
            key=key,
            help=help_of(leaf),
            on_change=_edit,
            args=(leaf, _read_log_number),
            label_visibility=label_visibility,
        )
        for up, icon, verb in ((False, "remove", "Lower"), (True, "add", "Raise")):
            st.button(
                "",
                key=f"{key}.{verb.lower()}",
                icon=f":material/{icon}:",
                help=f"{verb} about threefold",
                on_click=_nudge,
                args=(leaf, up),
                disabled=not isinstance(value, int | float),
            )


def _read_log_number(leaf: Leaf, text: str | None) -> object:
    try:
        number = float(text or "")
    except ValueError:
        return text or None
    return number if math.isfinite(number) else text


def _nudge(leaf: Leaf, up: bool) -> None:
    now = _read_log_number(leaf, session.form_value(leaf.path))
    if isinstance(now, float) and now > 0:
        session.set_form_value(leaf.path, readable.shortest(nudged(now, up=up)))
        _edit(leaf, _read_log_number)


def nudged(number: float, *, up: bool) -> float:
    """The next of ... 0.1, 0.3, 1, 3, 10 ... above or below a positive number."""
    power = math.floor(math.log10(number))
    steps = [float(f"{digit}e{power + shift}") for shift in (-1, 0, 1) for digit in (1, 3)]
    if up:
        return next(step for step in steps if step > number * (1 + 1e-9))
    return next(step for step in reversed(steps) if step < number * (1 - 1e-9))


# -- everything else ---------------------------------------------------------------------------


def _choice(leaf: Leaf, value: Any, label_visibility: Any) -> None:
    names = [readable.choice(name) for name in leaf.choices]
    key = session.seed(leaf.path, value if value in leaf.choices else None)
    shared: dict[str, Any] = {
        "key": key,
        "help": help_of(leaf),
        "format_func": readable.choice,
        "on_change": _edit,
        "args": (leaf, _read_as_is),
        "label_visibility": label_visibility,
        "required": True,
    }
    if value in leaf.choices and sum(map(len, names)) + 4 * len(names) <= _BESIDE:
        st.segmented_control(label(leaf), leaf.choices, **shared)
    else:
        st.selectbox(label(leaf), leaf.choices, index=None, **shared)


def _switch(leaf: Leaf, value: Any, label_visibility: Any) -> None:
    key = session.seed(leaf.path, value is True)
    st.toggle(label(leaf), key=key, help=help_of(leaf), on_change=_edit, args=(leaf, _read_as_is))


def _text(leaf: Leaf, value: Any, label_visibility: Any) -> None:
    key = session.seed(leaf.path, "" if value is None else str(value))
    st.text_input(
        label(leaf),
        key=key,
        help=help_of(leaf),
        on_change=_edit,
        args=(leaf, _read_text),
        label_visibility=label_visibility,
    )


def _names(leaf: Leaf, value: Any, label_visibility: Any) -> None:
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value or "")
    st.text_input(
        label(leaf),
        key=session.seed(leaf.path, text),
        help=f"{help_of(leaf)} Separate several with commas.",
        on_change=_edit,
        args=(leaf, _read_names),
        label_visibility=label_visibility,
    )


def _settings(leaf: Leaf, value: Any, label_visibility: Any) -> None:
    text = settings_text.written(value) if isinstance(value, dict) else str(value or "")
    st.text_input(
        label(leaf),
        key=session.seed(leaf.path, text),
        help=f"{help_of(leaf)} As name=value, several with commas between, or as a JSON object.",
        on_change=_edit,
        args=(leaf, _read_settings),
        label_visibility=label_visibility,
    )


def _read_settings(leaf: Leaf, text: str | None) -> object:
    return settings_text.read(text or "")


def _read_as_is(leaf: Leaf, value: Any) -> object:
    return value


def _read_text(leaf: Leaf, value: str | None) -> object:
    return value or ""


def _read_names(leaf: Leaf, text: str | None) -> object:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


# -- values that can be absent -----------------------------------------------------------------


def _switchable(leaf: Leaf, value: Any) -> None:
    """A toggle that says whether there is a value, and the value."""
    switch = f"{leaf.path}:on"
    st.toggle(
        label(leaf),
        key=session.seed(switch, value is not None),
        help=help_of(leaf),
        on_change=_toggle,
        args=(leaf, switch),
    )
    if session.form_value(switch):
        _WIDGETS[leaf.kind](leaf, value, "collapsed")


def _toggle(leaf: Leaf, switch: str) -> None:
    draft = workspace.current().draft
    if session.form_value(switch):
        usual = _SUGGESTED[leaf.kind] if leaf.suggested is None else leaf.suggested
        suggestion = usual if leaf.default is None else leaf.default
        workspace.change(draft.switched_on(leaf.path, suggestion))
    else:
        workspace.change(draft.switched_off(leaf.path))


_WIDGETS: dict[str, Callable[[Leaf, Any, Any], None]] = {
    "integer": _number,
    "number": _number,
    "text": _text,
    "names": _names,
    "choice": _choice,
    "switch": _switch,
    "settings": _settings,
}
"""How each kind of field is filled in."""
