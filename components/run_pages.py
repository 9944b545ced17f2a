"""Pages of the table of runs: only the rows that are looked at are sent to the browser."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components import session
from engine.runs.entry import Entry

ROWS = 200
"""Runs of a page."""


def rows_of(found: Sequence[Entry], asked: object) -> Sequence[Entry]:
    """The runs of the page that is looked at; whoever asks for other runs begins at the first."""
    last = max(0, (len(found) - 1) // ROWS)
    number = min(session.runs_page(asked), last)
    return found[number * ROWS : (number + 1) * ROWS]


def show(found: Sequence[Entry], rows: Sequence[Entry]) -> None:
    """Draw the way to the other pages, where there are any."""
    if len(found) <= ROWS:
        return
    begin = next(at for at, entry in enumerate(found) if entry is rows[0])
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _turn("Previous", ":material/chevron_left:", begin // ROWS - 1, begin > 0)
        st.caption(
            f"Rows {begin + 1:,} to {begin + len(rows):,} of {len(found):,}", width="content"
        )
        _turn("Next", ":material/chevron_right:", begin // ROWS + 1, begin + ROWS < len(found))
        st.caption("A click on a column's head sorts all; the table's menus are about these rows.")
        chosen = set(session.chosen_runs())
        if all(entry.id in chosen for entry in rows) and len(chosen) < len(found):
            st.button(
                f"Choose all {len(found):,}",
                key="runs.choose_all",
                on_click=_choose,
                args=([entry.id for entry in found],),
                help="Also the runs of the other pages.",
            )


def _turn(label: str, icon: str, number: int, there: bool) -> None:
    st.button(
        "",
        key=f"runs.page.{label.lower()}",
        icon=icon,
        help=f"{label} page",
        disabled=not there,
        on_click=session.turn_to_runs_page,
        args=(number,),
    )


def _choose(run_ids: Sequence[str]) -> None:
    session.choose_runs(sorted(run_ids, reverse=True))
    session.forget_table()
    session.remember_clicked(redraw=True)
