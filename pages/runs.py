"""All runs: find, compare, name, open, delete."""

from __future__ import annotations

import streamlit as st

from components import (
    config_difference,
    run_board,
    run_list,
    run_selection,
    run_trash,
    session,
    trouble,
)

st.title("Runs")
with trouble.shown():
    if not session.store().list():
        st.info("No runs yet. Start one and it appears here.", icon=":material/table_rows:")
        st.page_link("launch.py", label="Start a run", icon=":material/rocket_launch:")
    else:
        run_list.show()
        chosen = run_selection.chosen()
        if chosen:
            run_selection.show(chosen)
            run_board.of_several(session.store(), chosen)
            config_difference.show(chosen)
        else:
            st.caption(
                "Choose one run to open, name or delete it; several to compare their curves."
            )
    run_trash.show()
