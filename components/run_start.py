"""From a spec to a run that waits in the queue and is shown on the Live page."""

from __future__ import annotations

import streamlit as st

from components import session
from engine.data.sources import facts_of
from engine.errors import BadInput
from engine.machine import machine_facts
from engine.models.imported.library import CODE, in_the_way
from engine.models.imported.readiness import refusals
from engine.preflight import preflight, refuse_errors
from engine.run_spec import RunSpec
from engine.runs import lineage
from engine.runs.lineage import Fork
from engine.runs.run import Run
from engine.runs.state import LauncherName


def begin(spec: RunSpec, launcher: LauncherName = "auto") -> Run:
    """Create a run and put it into the queue.

    Raises:
        BadInput: for a run that would fail here, with every reason at once.
    """
    store = session.store()
    facts = facts_of(spec.data, spec.model, store.root)
    refuse_errors(preflight(spec, facts, machine_facts(store.root)))
    refused = [*refusals(spec.model, store.root, facts, launcher)]
    if refused:
        raise BadInput(refused)
    run = store.create(spec, data_fingerprint=facts.fingerprint)
    store.enqueue(run, launcher)
    return run


def begin_fork(plan: Fork, launcher: LauncherName = "auto") -> Run:
    """Make a fork and put it into the queue.

    Raises:
        BadInput: when its checkpoint was deleted meanwhile, or its code may not be run any more.
    """
    _refuse_code(plan.parent)
    store = session.store()
    run = plan.made(store)
    store.enqueue(run, launcher)
    return run


def extend(run: Run, steps: int, lr_factor: float) -> None:
    """Let an ended run go on for so many steps, and put it into the queue.

    Raises:
        BadInput: for numbers that make no sense.
        RunIsBusy: when another tab was quicker.
    """
    _refuse_code(run)
    lineage.extend(session.store(), run, steps, lr_factor)
    resume(run)


def resume(run: Run) -> None:
    """Put an ended run back into the queue.

    Raises:
        BadInput: when it has code that may not be run any more.
        CannotResume: when it has made all its steps.
    """
    _refuse_code(run)
    launcher = run.state().launcher
    session.store().enqueue(run, "auto" if launcher == "foreground" else launcher)


def _refuse_code(run: Run) -> None:
    refused = [*in_the_way(run.spec.model, session.store().root, folder=run.folder / CODE)]
    if refused:
        raise BadInput(refused)


def open_live(run_id: str) -> None:
    """Leave this page for the Live page of a run."""
    st.switch_page("live.py", query_params={"run": run_id})


def open_launch() -> None:
    """Leave this page for the form.

    Without parameters of its own, Streamlit 1.67 refuses to leave a page one of whose widgets is
    in the address.
    """
    st.switch_page("launch.py", query_params={})
