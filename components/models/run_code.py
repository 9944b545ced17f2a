"""What keeps a run of imported code from being trained on: its consent or its files are gone."""

from __future__ import annotations

import streamlit as st

from components.field_words import complaint
from components.models import consent
from components.plain_text import as_markdown
from engine.models.imported.library import CODE, CodeLibrary, in_the_way
from engine.models.imported.spec import ImportedModel
from engine.runs.run import Run
from engine.runs.state import ACTIVE, RunState
from engine.runs.store import RunStore


def why_not(store: RunStore, run: Run) -> str:
    """Why nobody can train it on, in words; empty where nothing of the kind is in the way."""
    spec = run.record.spec
    if spec is None:
        return ""
    found = in_the_way(spec.model, store.root, folder=run.folder / CODE)
    return " ".join(complaint(problem) for problem in found)


def show(store: RunStore, run: Run, state: RunState) -> None:
    """Say it on the page of a run that has ended; one that goes on is not touched by it."""
    if state.status in ACTIVE:
        return
    reason = why_not(store, run)
    if reason:
        st.warning(
            as_markdown(f"This run cannot be resumed, extended or forked now. {reason}"),
            icon=":material/block:",
        )
        model = run.spec.model
        if isinstance(model, ImportedModel) and CodeLibrary(store.root).has(model.code):
            consent.link(model.code)
