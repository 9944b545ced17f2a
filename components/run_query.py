"""The box in which people ask for runs, with what is wrong with a query and examples."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import session
from components.plain_text import as_markdown
from engine.runs.entry import Entry
from engine.runs.query.errors import QueryError
from engine.runs.query.query import Language

EXAMPLES = {
    "small gpt": "every word, in name, tags, status, model, data, project or group",
    'val/loss < 1.5 and optimizer.name == "adamw"': "any setting or metric by its name",
    "min(val/loss) < 1.4 or best(val/accuracy) > 0.9": "lowest, highest or best of the whole run",
    'tags contains "baseline" and not status in (failed, stopped)': "lists",
    "trained_s > 10m and created_at >= 2026-11-01": "times",
    "known(val/loss) and name ~ docs": "what a run has at all, and words in one fact",
}
"""Queries that work, and what they show."""


def box() -> str:
    """Draw the box and the help beside it; the query as it was typed."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        text = st.text_input(
            "Query",
            key=session.RUNS_FILTER,
            type="search",
            placeholder="Words, or val/loss < 1.5 and optimizer.name == adamw",
            label_visibility="collapsed",
            live="120ms",
            bind="query-params",
        )
        with st.popover("", icon=":material/help:", key="runs.help", help="How to ask for runs"):
            _help()
    return text or ""


def _help() -> None:
    st.markdown("Choose an example to try it. `and` may be left out; unknown is never true.")
    for number, (query, words) in enumerate(EXAMPLES.items()):
        st.button(
            as_markdown(query),
            key=f"runs.example.{number}",
            help=words[:1].upper() + words[1:],
            type="tertiary",
            on_click=_ask,
            args=(query,),
        )
    st.caption(
        "Signs: == != < <= > >= ~ (words), contains, in (…), not in (…), known(…). Names with "
        "spaces stand in backticks. Durations: 90s, 10m, 1.5h, 2d."
    )


def _ask(query: str) -> None:
    st.session_state[session.RUNS_FILTER] = query


def found(language: Language, text: str) -> tuple[Sequence[Entry], str]:
    """The runs that are asked for, and the query that asks for them.

    Of a query in the making they are those of the last whole one.
    """
    try:
        runs = language.find(text)
    except QueryError as error:
        _explain(error)
        return _of_last(language)
    session.remember_good_query(text)
    return runs, text


def _explain(error: QueryError) -> None:
    problem = error.problems[0]
    sentence = problem.message.rstrip(".")
    if sentence.partition(" ")[0].isalpha():  # not a name such as optimizer.lr
        sentence = sentence[:1].upper() + sentence[1:]
    words = f"{sentence}. {problem.remedy}"
    with st.container(border=True, gap="xsmall", key="runs-query-error"):
        st.code(error.pointed, language=None, wrap_lines=False)
        st.caption(f":material/error: {as_markdown(words)}")


def _of_last(language: Language) -> tuple[Sequence[Entry], str]:
    last = session.good_query()
    try:
        runs = language.find(last)
    except QueryError:  # what it asked for is gone
        return language.find(""), ""
    if last.strip():
        st.caption(f"Still shown: {as_markdown(last)}")
    return runs, last
