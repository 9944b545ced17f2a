"""Before a run of imported code is queued, its model has been tried on one real batch."""

from __future__ import annotations

import streamlit as st

from components import model_state, session
from components.models import trial
from engine.models.imported.spec import ImportedModel
from engine.run_spec import RunSpec


def passes(spec: RunSpec) -> bool:
    """Whether nothing has to be tried first: a preset, or a model that was shown to work."""
    if not isinstance(spec.model, ImportedModel):
        return True
    tried = model_state.trials(session.store()).of(spec)
    return tried is not None and tried.works


def hold(spec: RunSpec, wish: str) -> None:
    """Try the model first, and do what was wished for when it works."""
    model_state.trials(session.store()).begin(spec)
    model_state.await_trial(spec, wish)


def show(spec: RunSpec) -> str:
    """Draw the trial of a model that is waited for, or why it failed; what is to be done now that
    it works, empty for nothing."""
    if not isinstance(spec.model, ImportedModel):
        return ""
    tried = model_state.trials(session.store()).of(spec)
    wish = model_state.awaited(spec)
    if tried is None:
        return ""
    if not tried.is_over:
        trial.watch(tried)
        return ""
    if tried.works:
        if wish:
            model_state.await_trial(None)
        return wish
    trial.tell(tried)
    if wish:
        st.caption("Nothing was started.")
    return ""


def parameters_of(spec: RunSpec) -> int | None:
    """How many parameters a trial has counted; None where there was none."""
    if not isinstance(spec.model, ImportedModel):
        return None
    tried = model_state.trials(session.store()).of(spec)
    return None if tried is None or tried.verdict is None else tried.verdict.parameters
