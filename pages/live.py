"""One run, while it trains and afterwards."""

from __future__ import annotations

import streamlit as st

from components import (
    alert_me,
    live_state,
    report_button,
    run_picker,
    run_tabs,
    run_watch,
    session,
    trouble,
)

store = session.store()
run = run_picker.from_url(store)
# No st.stop() on this page: after it Streamlit 1.67 keeps the fragments of the run before alive.
if run is not None:
    live_state.keep_choices()
    with st.container(horizontal=True, gap="small", key="live-top"):
        with st.container(width=420, key="live-picker"):
            run_picker.pick(run_picker.known(store), run.id)
        with trouble.shown():
            report_button.show(store, [run.id], "live.report")
            alert_me.show(run)
    with trouble.shown():
        status = run.state().status
        run_watch.header(run, status)
        run_tabs.show(run, status)
elif not store.ids():
    st.title("Live")
    st.info("No runs yet. Start one and watch its curves here.", icon=":material/monitoring:")
    st.page_link("launch.py", label="Start a run", icon=":material/rocket_launch:")
