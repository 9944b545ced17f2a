"""Keeping the model of the Launch form in the registry, under a name."""

from __future__ import annotations

import streamlit as st

from components import popover, session, trouble
from components.models import choice, page_state
from components.outlook import Outlook
from components.plain_text import as_markdown
from engine.models.registry import Registry
from engine.models.version import version_of
from engine.runs.spec_words import model_words

_KEY = "launch.save_model"


def show(outlook: Outlook) -> None:
    """Draw the button; behind it the name, and the way to a model that is kept already."""
    why_not = "" if outlook.spec else "Correct the marked fields first."
    help_ = "Keeps the model as it is on this form, with its task and data, on the Models page."
    button = popover.Button(
        "Save this model", _KEY, ":material/bookmark_add:", help_, why_not, "tertiary"
    )
    popover.show(button, lambda: _fill(outlook), keeps=[page_state.SAVED_NAME])


def _fill(outlook: Outlook) -> None:
    assert outlook.spec is not None
    model = outlook.spec.model
    known = Registry(session.store().root).entry(version_of(model))
    if known is not None:
        st.caption(
            f"It is kept as {as_markdown(known.name or model_words(model))}, {known.stage}. "
            "Saving it again gives it another name, and this task and data."
        )
        if st.button("Open it", key=f"{_KEY}.open", icon=":material/deployed_code:"):
            choice.open_page(known.digest)
    name = st.text_input(
        "Name", key=page_state.SAVED_NAME, max_chars=300, placeholder=model_words(model)
    )
    if st.button("Save", key=f"{_KEY}.save", icon=":material/save:"):
        with trouble.shown():
            spec, registry = outlook.spec, Registry(session.store().root)
            registry.add(spec.model, name.strip(), task=spec.task, data=spec.data)
            st.toast(
                f"Kept {as_markdown(name.strip() or model_words(model))} on the Models page.",
                icon=":material/check:",
            )
