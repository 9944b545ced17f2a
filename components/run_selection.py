"""What can be done with the runs that are chosen in the table."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import report_button, run_labels, run_start, run_trash, session, trouble
from components.plain_text import as_markdown
from engine.runs.store import RunSummary


def chosen() -> list[RunSummary]:
    """The chosen runs that still exist, newest first."""
    wanted = set(session.chosen_runs())
    return [summary for summary in session.store().list() if summary.id in wanted]


def show(summaries: Sequence[RunSummary]) -> None:
    """Draw the actions for one or several runs."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if len(summaries) == 1:
            _open_button(summaries[0])
        else:
            st.text(f"{len(summaries)} runs chosen")
        readable = [summary.id for summary in summaries if not summary.damage]
        report_button.show(session.store(), readable, "runs.report")
        _compare_button(readable)
        run_trash.delete_button(summaries)
        st.button("Clear the choice", key="runs.clear", icon=":material/close:", on_click=_clear)
    for summary in summaries:
        if summary.damage:
            st.error(as_markdown(summary.damage), icon=":material/error:")
    if len(summaries) == 1 and not summaries[0].damage:
        with st.expander("Name, tags and notes", icon=":material/edit:"), trouble.shown():
            run_labels.show(session.store().open(summaries[0].id))


def _open_button(summary: RunSummary) -> None:
    if st.button(
        "Open",
        key="runs.open",
        icon=":material/monitoring:",
        type="primary",
        disabled=bool(summary.damage),
        help="A damaged run cannot be opened." if summary.damage else None,
    ):
        run_start.open_live(summary.id)


def _compare_button(run_ids: Sequence[str]) -> None:
    if len(run_ids) > 1 and st.button(
        "Compare", key="runs.compare", icon=":material/compare_arrows:", type="primary"
    ):
        st.switch_page("compare.py", query_params={"runs": ",".join(run_ids)})


def _clear() -> None:
    session.choose_runs([])
    session.forget_table()
