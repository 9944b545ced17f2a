"""The part of the Runs page that refreshes itself: what is asked for, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from components import (
    run_columns,
    run_pages,
    run_query,
    run_start,
    run_table,
    run_view,
    run_views,
    session,
    trouble,
)
from components.plain_text import as_markdown
from engine.runs.entry import Entry
from engine.runs.index import RunIndex
from engine.runs.query.query import Language
from engine.runs.views import View

_REFRESH_S, _CALM_REFRESH_S = 2.0, 5.0
_MANY = 2_000
_WAITS_S = 0.5


def show() -> None:
    """Draw query, choices and table; the page runs again when other runs are chosen.

    What is typed draws only this again, of the runs as they were when the table last looked.
    """
    st.fragment(_list)([session.store().index.entries(within_s=_WAITS_S)])


def _list(fresh: list[Sequence[Entry]]) -> None:
    with trouble.shown():
        index = session.store().index
        entries = fresh.pop() if fresh else index.latest or index.entries(within_s=_WAITS_S)
        language = Language(index, entries, _zone())
        run_query.box()
        with st.container(horizontal=True, gap="small"):
            with st.popover(
                "Columns, order, groups", icon=":material/view_column:", key="runs.view"
            ):
                run_view.choose(language.names)
            run_views.show()
        view = run_view.current()
        group = _group(language, view)
        every = _REFRESH_S if len(entries) <= _MANY else _CALM_REFRESH_S
        st.fragment(_table, run_every=every)(view, group, [language])


def _group(language: Language, view: View) -> str | None:
    """The group that is looked at; None for all."""
    if not view.group_by:
        return None
    listed = run_view.listed(language.entries, archived=view.archived)
    return run_view.choose_group(run_view.sizes(listed, view.group_by))


def _table(view: View, group: str | None, fresh: list[Language]) -> None:
    """The table; what the page has just looked at, in `fresh`, is not looked at once more."""
    with trouble.shown():
        _obey_clicks()
        index = session.store().index
        language = (
            fresh.pop() if fresh else Language(index, index.entries(within_s=_WAITS_S), _zone())
        )
        _tell_unread(index, len(language.entries))
        found = _found(language, view, group)
        columns, unknown = run_columns.columns_of(view.columns, language)
        for words in unknown:
            st.warning(words, icon=":material/view_column:")
        before = session.chosen_runs()
        rows = run_pages.rows_of(found, (view, group))
        if run_table.show(rows, columns, view) != before:
            st.rerun()
        run_pages.show(found, rows)


def _obey_clicks() -> None:
    """Do what a click in the table asked for that is more than another table."""
    run_id, redraw = session.take_clicked()
    if run_id is not None:
        run_start.open_live(run_id)
    if redraw:
        st.rerun()


def _found(language: Language, view: View, group: str | None) -> Sequence[Entry]:
    """The runs to show, in their order; how many they are is said."""
    asked, query = run_query.found(language, view.query)
    archived = view.archived or language.asks_about("archived", query)
    found = run_view.in_order(run_view.listed(asked, archived=archived), view, language)
    hidden = len(asked) - len(found)
    if view.group_by:
        found = _of_group(found, view, group)
    st.caption(count_words(len(found), len(language.entries), hidden))
    return found


def _of_group(found: Sequence[Entry], view: View, group: str | None) -> Sequence[Entry]:
    counts = run_view.sizes(found, view.group_by)
    st.caption(as_markdown(run_view.group_words(counts)))
    if group is not None:
        return [entry for entry in found if run_view.group_of(entry, view.group_by) == group]
    place = {name: number for number, name in enumerate(counts)}
    return sorted(found, key=lambda entry: place[run_view.group_of(entry, view.group_by)])


def _tell_unread(index: RunIndex, known: int) -> None:
    """Say that there is more than is shown, and read it meanwhile."""
    if index.unread:
        index.read_on()
        share = known / (known + index.unread)
        st.progress(share, f"Reading the runs folder: {known:,} of {known + index.unread:,} runs.")


def count_words(found: int, of: int, hidden: int) -> str:
    """How many runs are shown of how many, and why not all."""
    runs = "run" if of == 1 else "runs"
    words = f"{of:,} {runs}" if found == of else f"{found:,} of {of:,} {runs}"
    return f"{words} · {hidden:,} archived hidden" if hidden else words


def _zone() -> tzinfo:
    """The zone of whoever looks; UTC where this machine does not know it."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
