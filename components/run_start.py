"""From a spec to a run that waits in the queue and is shown on the Live page."""

from __future__ import annotations

import streamlit as st

from components import session
from engine.data.sources import facts_of
from engine.run_spec import RunSpec
from engine.runs.run import Run
from engine.runs.state import LauncherName


def begin(spec: RunSpec, launcher: LauncherName = "auto") -> Run:
    """Create a run and put it into the queue."""
    store = session.store()
    fingerprint = facts_of(spec.data, spec.model).fingerprint
    run = store.create(spec, data_fingerprint=fingerprint)
    store.enqueue(run, launcher)
    return run


def open_live(run_id: str) -> None:
    """Leave this page for the Live page of a run."""
    st.switch_page("live.py", query_params={"run": run_id})
