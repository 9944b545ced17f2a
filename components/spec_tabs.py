"""The same run as a JSON file, a command line and Python; and the way back from pasted JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TypeGuard

import streamlit as st

from components import session, spec_text, workspace
from components.plain_text import as_markdown
from engine.errors import BadInput
from engine.run_spec import RunSpec

_PASTED = "pasted"


def show(spec: RunSpec | None, runs: Path) -> None:
    """Draw one tab for each form of the spec; None while the form has mistakes."""
    json_tab, command_tab, python_tab, paste_tab = st.tabs(
        ["JSON", "Command line", "Python", "Paste JSON"]
    )
    with json_tab:
        if _is_valid(spec):
            _download(spec, "json")
            st.code(spec_text.as_json(spec), "json", height=360)
    with command_tab:
        if _is_valid(spec):
            st.caption("Save the JSON as a file, then run this in the project folder.")
            _download(spec, "command")
            st.code(spec_text.as_command(runs), "bash", wrap_lines=True)
    with python_tab:
        if _is_valid(spec):
            st.caption("Run this in the project folder.")
            st.code(spec_text.as_python(spec, runs), "python", height=360)
    with paste_tab:
        _paste()


def _is_valid(spec: RunSpec | None) -> TypeGuard[RunSpec]:
    if spec is None:
        st.info("The form has mistakes; correct the marked fields first.")
    return spec is not None


def _download(spec: RunSpec, tab: str) -> None:
    st.download_button(
        f"Download {spec_text.FILE_NAME}",
        spec_text.as_json(spec),
        spec_text.FILE_NAME,
        "application/json",
        key=session.form_key(f"download.{tab}"),
        on_click="ignore",
        icon=":material/download:",
    )


def _paste() -> None:
    """A text area whose text replaces the form, or all that is wrong with it."""
    st.text_area(
        "A run as JSON",
        key=session.seed(_PASTED, ""),
        height=260,
        placeholder='{"task": ..., "model": ..., "data": ..., "training": ...}',
    )
    if st.button("Load into the form", key="paste.load", icon=":material/input:"):
        _load(session.form_value(_PASTED))


def _load(text: str) -> None:
    try:
        spec = spec_text.from_json(text)
    except BadInput as error:
        lines = [f"- {as_markdown(str(problem))}" for problem in error.problems]
        st.error("\n".join(lines), title="The form is unchanged. Correct this first:")
        return
    workspace.replace(workspace.current().draft.holding(spec), "Loaded the pasted JSON.")
    st.rerun()
