"""Where a run comes from and what was made of it, as a small tree of links."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.plain_text import as_markdown
from engine.runs.family import Relative, family
from engine.runs.run import Run
from engine.runs.store import RunStore, RunSummary
from engine.steering import Act

_INDENT = 22
_WAITS_S = 0.5
_ORIGIN = "origin.run_id"
_DEEPEST = 6
"""What is deeper is not moved further to the right."""


def show(store: RunStore, run: Run) -> None:
    """Draw ancestors, forks and extensions; nothing for a run without any."""
    relatives = family(_perhaps_related(store, run), run.id)
    extensions = [act for act in run.acts() if act.act == "extend"]
    if len(relatives) == 1 and not extensions:
        return
    st.subheader("Family")
    with st.container(gap="xxsmall", key="live-family"):
        for relative in relatives:
            _line(relative, run.id, extensions)


def _perhaps_related(store: RunStore, run: Run) -> list[RunSummary]:
    """The run, all forks, and what they were forked from: few of very many runs are either."""
    found = store.index.entries(within_s=_WAITS_S)
    origins = {entry.id: str(origin) for entry in found if (origin := entry.facts.get(_ORIGIN))}
    wanted = {run.id, *origins, *origins.values()}
    return [store.summary(entry.id) for entry in found if entry.id in wanted]


def _line(relative: Relative, run_id: str, extensions: Sequence[Act]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if relative.depth:
            st.space(_INDENT * min(relative.depth, _DEEPEST))
        name = as_markdown(relative.name)
        if relative.run_id == run_id:
            st.markdown(f"**{name}**", width="content")
        elif relative.status is None:
            st.markdown(name, width="content")
        else:
            query = {"run": relative.run_id}
            st.page_link("live.py", label=name, query_params=query, width="content")
        words = relative_words(relative, extensions if relative.run_id == run_id else ())
        if words:
            st.caption(words, width="content")


def relative_words(relative: Relative, extensions: Sequence[Act]) -> str:
    """What a run has to do with the one above it, how it is, and how it went on."""
    parts = [] if relative.at_step is None else [f"forked at step {relative.at_step:,}"]
    parts.append(relative.status or "gone")
    for act in extensions:
        if act.value is not None:
            parts.append(f"extended at step {act.step:,} by {act.value:,.0f}")
    return " · ".join(parts)
