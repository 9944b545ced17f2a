"""Which class or function of imported code is the model: what was found, why, and the choice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from components.models.plan import entry_of
from components.plain_text import as_markdown
from engine.models.imported.inspection import Candidate, Inspection

Seed = Callable[[str, object], str]


def show(found: Inspection, chosen: Candidate | None, seed: Seed, keep: Callable[[], None]) -> None:
    """Draw what would be built; where several fit, nothing is chosen until somebody chooses."""
    if len(found.candidates) == 1:
        assert chosen is not None
        st.markdown(f"Builds {_title(chosen)}: {found.why}.")
        return
    named = {entry_of(candidate): candidate for candidate in found.candidates}
    entries = list(named)
    if not found.sure:
        st.info(
            f"{found.why[:1].upper()}{found.why[1:]}. Which one is it?",
            icon=":material/help:",
        )
    key = seed("entry", None if chosen is None else entry_of(chosen))
    asked: dict[str, Any] = {} if found.sure else {"index": None, "placeholder": "Choose one"}
    st.selectbox(
        "Class or function that is the model",
        entries,
        key=key,
        format_func=lambda entry: _label(named[entry]),
        on_change=keep,
        **asked,
    )
    if chosen is not None and found.sure and chosen is found.candidates[0]:
        st.caption(f"Found: {found.why}.")
    if chosen is not None and chosen.text:
        st.caption(as_markdown(chosen.text))


def _title(candidate: Candidate) -> str:
    where = f"{candidate.file}, line {candidate.line}"
    return f"**{as_markdown(_label(candidate))}** in {as_markdown(where)}"


def _label(candidate: Candidate) -> str:
    arguments = ", ".join(parameter.name for parameter in candidate.parameters)
    shown = arguments if len(arguments) <= 80 else f"{arguments[:80]}…"
    return f"{candidate.name}({shown})"
