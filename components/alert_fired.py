"""What has fired lately, over all runs, each with the way to its run."""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from components import session, trouble
from components.durations import shown_age
from components.plain_text import as_markdown
from components.run_picker import PARAMETER
from engine.alerting.journal import Fired, Journal

MOST = 50
_REFRESH_S = 5.0
READ = 500
"""Of the newest alerts, so many tell when each rule last fired."""


def recent() -> Sequence[Fired]:
    """The newest alerts, newest first."""
    return Journal(session.store().root).newest(READ)


@st.fragment(run_every=_REFRESH_S)
def show() -> None:
    """Draw the newest ones, and keep them fresh."""
    with trouble.shown():
        _list(recent())


def _list(fired: Sequence[Fired]) -> None:
    if not fired:
        st.caption("Nothing has fired yet. What happened before a rule was made is not judged.")
        return
    now, there = time.time(), set(session.store().ids())
    for alert in fired[:MOST]:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(shown_age(now - alert.found_at), width=90)
            st.markdown(f"**{as_markdown(alert.name)}**  \n{as_markdown(alert.text)}")
            if alert.run in there:
                st.page_link(
                    "live.py",
                    label=as_markdown(alert.run_name),
                    icon=":material/monitoring:",
                    query_params={PARAMETER: alert.run},
                )
            else:
                st.caption(f"{as_markdown(alert.run_name)} (deleted)")
    if len(fired) > MOST:
        st.caption(f"The newest {MOST}; the others are in {Journal(session.store().root).path}.")
