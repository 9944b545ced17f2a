"""The form in which people name, tag and annotate a model."""

from __future__ import annotations

import streamlit as st

from components import run_labels, trouble
from components.models import choice, page_state
from components.plain_text import as_markdown
from engine.models.collection import KnownModel, spec_of
from engine.models.registry import Registry
from engine.runs.store import RunStore

LONGEST_NAME, LONGEST_NOTES = 300, 20_000


def show(store: RunStore, model: KnownModel) -> None:
    """Draw the form; what is saved is read again from the registry."""
    digest, kept = model.digest, model.kept
    with st.form(page_state.key("labels", digest), border=False):
        key = page_state.seed_label(digest, "name", kept.name if kept else "")
        name = st.text_input("Name", max_chars=LONGEST_NAME, key=key, placeholder=model.words)
        key = page_state.seed_label(digest, "tags", ", ".join(model.tags))
        tags = st.text_input(
            "Tags", placeholder="baseline, wide", help="Separated by commas.", key=key
        )
        key = page_state.seed_label(digest, "notes", kept.notes if kept else "")
        notes = st.text_area("Notes", max_chars=LONGEST_NOTES, key=key, help="Markdown.")
        if st.form_submit_button("Save", icon=":material/save:"):
            with trouble.shown():
                registry = Registry(store.root)
                registry.add(spec_of(store, model))
                registry.label(
                    digest, name=name.strip(), tags=run_labels.tags_of(tags), notes=notes
                )
                page_state.forget_labels(digest)
                st.toast(f"Saved {as_markdown(name or model.words)}.", icon=":material/check:")
                st.rerun()
    if kept is not None:
        _removal(store, model)


def _removal(store: RunStore, model: KnownModel) -> None:
    stays = " Its runs still show it here, without these." if model.runs else ""
    st.caption(f"Forgetting it deletes its name, tags, notes and stage.{stays}")
    st.button(
        "Forget this model",
        key=page_state.key("forget", model.digest),
        icon=":material/delete:",
        on_click=_forget,
        args=(store, model),
    )


def _forget(store: RunStore, model: KnownModel) -> None:
    with trouble.shown():
        Registry(store.root).remove(model.digest)
        page_state.forget_labels(model.digest)
        if not model.runs:
            choice.leave()
