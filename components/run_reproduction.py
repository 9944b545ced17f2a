"""How to make a run again: command, script, and the environment that it was made in."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from components import reproduction, session, spec_text
from components.plain_text import as_markdown
from engine.errors import EngineError
from engine.run_spec import RunSpec
from engine.runs.record import environment
from engine.runs.run import Run


def show(run: Run, root: Path) -> None:
    """Draw what is needed to run it again, and what would be different now."""
    st.subheader("Run it again")
    record = run.record
    refusal = reproduction.why_not(record)
    if refusal:
        st.caption(refusal)
    else:
        parent = _parent(run)
        for sentence in reproduction.left_out(record, parent, run.acts()):
            st.caption(as_markdown(sentence))
        _commands(run, parent, root)
    if record.environment:
        _environment(record.environment)


def _commands(run: Run, parent: RunSpec | None, root: Path) -> None:
    record = run.record
    assert record.spec is not None
    lines = [reproduction.checkout(record), reproduction.command(record, parent, root)]
    st.code("\n".join(line for line in lines if line), language="bash", wrap_lines=True)
    with st.expander("From Python"):
        st.code(spec_text.as_python(record.spec, root), language="python", height=360)


def _environment(then: dict[str, Any]) -> None:
    rows = reproduction.environment_rows(then, _now())
    others = [name for name, before, now in rows if before != now]
    with st.expander(as_markdown(_title(others))):
        table = {
            "": [name for name, _, _ in rows],
            "Then": [before for _, before, _ in rows],
            "Now": [now for _, _, now in rows],
        }
        st.dataframe(table, hide_index=True, alt="Versions of then and of now")
        st.code(json.dumps(then, indent=2, ensure_ascii=False), language="json")


def _title(others: list[str]) -> str:
    if not others:
        return "Environment: the same as here and now"
    return f"Environment: different here and now: {', '.join(others[:4])}"


@lru_cache(maxsize=1)
def _now() -> dict[str, Any]:
    return environment()


def _parent(run: Run) -> RunSpec | None:
    """What the run's parent was made of; None where there is none any more."""
    origin = run.record.origin
    if origin is None:
        return None
    try:
        return session.store().open(origin.run_id).record.spec
    except EngineError:
        return None
