"""What a run was made from, and how to go on with it outside the app."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import streamlit as st

from engine.runs.record import Imported
from engine.runs.run import Run
from engine.runs.state import RESUMABLE


def show(run: Run, root: Path) -> None:
    """Draw the spec as JSON, the environment, and the commands."""
    if run.record.imported is not None:
        _of_elsewhere(run, run.record.imported, root)
        return
    if run.state().status in RESUMABLE:
        st.caption("Go on with this run on the command line")
        st.code(resume_command(run.id, root), language="bash", wrap_lines=True)
    st.caption("Its metrics as a table")
    st.code(metrics_command(run.id, root), language="bash", wrap_lines=True)
    record = run.record
    document = run.spec.to_json()
    st.caption("The document it was started from: for the form, a file or the command line")
    st.code(document, language="json", height=420)
    st.download_button(
        "Download the document",
        document,
        file_name=f"{run.id}.json",
        mime="application/json",
        icon=":material/download:",
        on_click="ignore",
    )
    with st.expander("Environment and folder"):
        st.json({**record.environment, "data_fingerprint": record.data_fingerprint})
        st.code(str(run.folder), language=None, wrap_lines=True)


def _of_elsewhere(run: Run, imported: Imported, root: Path) -> None:
    st.caption("Its metrics as a table")
    st.code(metrics_command(run.id, root), language="bash", wrap_lines=True)
    st.caption(f"Its configuration as {imported.source_name} had it")
    st.code(json.dumps(imported.config, indent=2, ensure_ascii=False), language="json", height=420)
    with st.expander("Where it comes from, and its folder"):
        st.json(imported.model_dump(mode="json", exclude={"config"}))
        st.code(str(run.folder), language=None, wrap_lines=True)


def resume_command(run_id: str, root: Path) -> str:
    """The command that continues the run from its newest checkpoint."""
    return f"python -m engine resume {run_id} --runs {shlex.quote(str(root))}"


def metrics_command(run_id: str, root: Path) -> str:
    """The command that prints the run's metrics as CSV."""
    return f"python -m engine runs metrics {run_id} --runs {shlex.quote(str(root))} --format csv"
