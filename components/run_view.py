"""How the table of runs is shown: columns, order, groups, archived runs. It is in the address."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import run_columns, session
from components.plain_text import as_markdown
from engine.runs.entry import Entry
from engine.runs.facts import Fact
from engine.runs.query.errors import QueryError
from engine.runs.query.names import Names
from engine.runs.query.order import ordered
from engine.runs.query.query import Language
from engine.runs.views import View

_NEWEST = "Newest first"
_NOT_GROUPED = "Not grouped"
_NONE = "none"
_MOST_GROUPS = 40
_MOST_COLUMNS = 50
_GROUPED_OFTEN = ("project", "group", "status", "model", "data", "task.kind", "optimizer.name")


def choose(names: Names) -> None:
    """Draw the choices of columns, order and groups."""
    facts = [name for name in names.facts if name not in ("id", "name")]
    st.multiselect(
        "Columns",
        _offered([*run_columns.DEFAULT, *names.metrics, *facts], session.RUNS_COLUMNS),
        default=list(run_columns.DEFAULT),
        key=session.RUNS_COLUMNS,
        accept_new_options=True,
        max_selections=_MOST_COLUMNS,
        placeholder="Search, or type min(val/loss)",
        help="Any setting or metric; also min(…), max(…) and best(…) of a metric.",
        bind="query-params",
    )
    st.selectbox(
        "Sort by",
        _offered(["", "name", *names.metrics, *facts], session.RUNS_SORT),
        key=session.RUNS_SORT,
        format_func=lambda name: name or _NEWEST,
        help="A click on a column's head sorts what is shown; this sorts all runs, and stays.",
        bind="query-params",
    )
    st.toggle("Highest first", key=session.RUNS_DESCENDING, bind="query-params")
    often = dict.fromkeys((*_GROUPED_OFTEN, *facts))
    st.selectbox(
        "Group by",
        _offered(["", *(name for name in often if name in names.facts)], session.RUNS_GROUP_BY),
        key=session.RUNS_GROUP_BY,
        format_func=lambda name: name or _NOT_GROUPED,
        bind="query-params",
    )
    st.toggle("Show archived runs", key=session.RUNS_ARCHIVED, bind="query-params")


def current(name: str = "view") -> View:
    """What the widgets say."""
    state = st.session_state
    return View(
        name=name,
        query=state.get(session.RUNS_FILTER) or "",
        columns=tuple(state.get(session.RUNS_COLUMNS, run_columns.DEFAULT)),
        sort=state.get(session.RUNS_SORT) or "",
        descending=bool(state.get(session.RUNS_DESCENDING)),
        group_by=state.get(session.RUNS_GROUP_BY) or "",
        archived=bool(state.get(session.RUNS_ARCHIVED)),
    )


def apply(view: View) -> None:
    """Let the widgets say what a view does; before they are drawn."""
    st.session_state[session.RUNS_FILTER] = view.query
    st.session_state[session.RUNS_COLUMNS] = list(view.columns)
    st.session_state[session.RUNS_SORT] = view.sort
    st.session_state[session.RUNS_DESCENDING] = view.descending
    st.session_state[session.RUNS_GROUP_BY] = view.group_by
    st.session_state[session.RUNS_ARCHIVED] = view.archived


def sort_by(name: str) -> None:
    """Sort by a column: upward, when asked again downward, then no more; before it is drawn."""
    state = st.session_state
    again = state.get(session.RUNS_SORT) == name
    downward = bool(state.get(session.RUNS_DESCENDING))
    state[session.RUNS_SORT] = "" if again and downward else name
    state[session.RUNS_DESCENDING] = again and not downward


def listed(entries: Sequence[Entry], *, archived: bool) -> Sequence[Entry]:
    """The runs that are not put away, or all."""
    if archived:
        return entries
    return [entry for entry in entries if entry.facts.fact("archived") is not True]


def in_order(entries: Sequence[Entry], view: View, language: Language) -> Sequence[Entry]:
    """The runs sorted as the view wants; newest first where it wants nothing else."""
    if not view.sort:
        return entries
    try:
        _, read = language.reading(view.sort)
    except QueryError as error:
        st.warning(as_markdown(f"Not sorted: {error.problems[0].message}."))
        return entries
    return ordered(entries, read, descending=view.descending)


def group_of(entry: Entry, group_by: str) -> str:
    """The group that a run is in, as text; empty for none."""
    return _text(entry.facts.get(group_by))


def sizes(entries: Sequence[Entry], group_by: str) -> dict[str, int]:
    """How many runs there are in each group, the largest first."""
    counts: dict[str, int] = {}
    for entry in entries:
        group = group_of(entry, group_by)
        counts[group] = counts.get(group, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def group_words(counts: dict[str, int]) -> str:
    """The groups with their sizes, as text."""
    shown = list(counts.items())[:_MOST_GROUPS]
    more = f", and {len(counts) - len(shown)} more" if len(shown) < len(counts) else ""
    return ", ".join(f"{group or _NONE} {count:,}" for group, count in shown) + more


def choose_group(counts: dict[str, int]) -> str | None:
    """Draw the groups; the one that is chosen, None for all."""
    groups = list(counts)[:_MOST_GROUPS]
    chosen: str | None = st.pills(
        "Group",
        _offered(groups, session.RUNS_GROUP),
        key=session.RUNS_GROUP,
        format_func=lambda group: as_markdown(group) if group else _NONE,
        label_visibility="collapsed",
        bind="query-params",
    )
    return chosen


def _offered(names: Sequence[str], key: str) -> list[str]:
    """The options of a widget, with what is chosen in it though it is not there any more."""
    chosen = st.session_state.get(key)
    kept = chosen if isinstance(chosen, list) else [chosen] if isinstance(chosen, str) else []
    return list(dict.fromkeys((*names, *kept)))


def _text(fact: Fact) -> str:
    match fact:
        case None:
            return ""
        case tuple():
            return ", ".join(fact)
        case _:
            return str(fact)
