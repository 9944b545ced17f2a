"""What a tab keeps while models are brought in: session-state keys, and what all sessions share."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from components import seeding, session
from components.models.intake_draft import IntakeDraft, IntakeFile
from engine.models.imported.trials import Trials
from engine.run_spec import RunSpec
from engine.runs.store import RunStore

UPLOADED = "models.in.files"
FILE_SHOWN = "models.in.file"
CODE_ADDRESS = "code"
"""The name of the code's hash in the address of the page."""
NEW = "new"
"""In its place: nothing is looked at, and something new is to be brought in."""
_FIELD = "models.field."
_CODE = "models.in.code"
_IS_NEW = "models.in.new"
_STAMP = "models.in.stamp"
_AWAITED = "launch.awaited"


@lru_cache(maxsize=8)
def _trials_of(root: Path) -> Trials:
    return Trials(RunStore(root))


def trials(store: RunStore) -> Trials:
    """The trials of a runs folder, shared by all sessions of this server."""
    return _trials_of(store.root)


# -- which code is looked at -----------------------------------------------------------------------


def current_code() -> str | None:
    """The hash of the code that this tab looks at: as the address says, else as it was left."""
    addressed = st.query_params.get(CODE_ADDRESS)
    if addressed == NEW:
        look_at(None)
        session.choose_model(None)
        st.session_state[_IS_NEW] = True
    elif addressed is not None:
        st.session_state[_CODE] = addressed
    code: str | None = st.session_state.get(_CODE)
    return code


def is_new_wanted() -> bool:
    """Whether somebody came here to bring in something new."""
    wanted: bool = st.session_state.get(_IS_NEW, False)
    return wanted


def is_code_addressed() -> bool:
    """Whether the address of the page names code to look at."""
    return CODE_ADDRESS in st.query_params


def look_at(code: str | None) -> None:
    """Look at code, or at none; its fields take their values from the draft."""
    clear_fields()
    st.session_state[_CODE] = code
    st.session_state[_IS_NEW] = False
    if code is None:
        st.query_params.pop(CODE_ADDRESS, None)
    else:
        st.query_params[CODE_ADDRESS] = code


# -- what is typed ---------------------------------------------------------------------------------


def draft(root: Path) -> IntakeDraft:
    """What was typed so far, also in other tabs; then the widgets take it over."""
    file = IntakeFile(root)
    stamp = file.stamp()
    if st.session_state.get(_STAMP) != stamp:
        clear_fields()
        st.session_state[_STAMP] = stamp
    return file.read()


def keep(root: Path, draft: IntakeDraft) -> None:
    """Keep what was typed, for all tabs and over restarts.

    Raises:
        OSError: when the disk is full or the folder cannot be written.
    """
    file = IntakeFile(root)
    file.write(draft)
    st.session_state[_STAMP] = file.stamp()


def seed(field: str, value: object) -> str:
    """The key of the widget of a field, which shows `value` unless it has its own already."""
    return seeding.seed(f"{_FIELD}{field}", value)


def field_value(field: str) -> Any:
    """What the widget of a field holds."""
    return st.session_state[f"{_FIELD}{field}"]


def clear_fields(begin: str = "") -> None:
    """Let the widgets of fields whose names begin so take their values from the draft again."""
    for key in [str(key) for key in st.session_state if str(key).startswith(_FIELD + begin)]:
        del st.session_state[key]


# -- what waits for a trial ------------------------------------------------------------------------


def awaited(spec: RunSpec) -> str:
    """What is to be done with a spec once its model has been tried; empty for nothing."""
    kept = st.session_state.get(_AWAITED)
    return str(kept[1]) if kept is not None and kept[0] == spec else ""


def await_trial(spec: RunSpec | None, wish: str = "") -> None:
    """Keep what to do once the model of a spec has been tried; None for nothing any more."""
    st.session_state[_AWAITED] = None if spec is None else (spec, wish)
