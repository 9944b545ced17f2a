"""All runs: find, compare, name, open, delete."""

from __future__ import annotations

import streamlit as st

from components import (
    config_difference,
    exchange_panel,
    run_board,
    run_list,
    run_selection,
    run_trash,
    session,
    trouble,
)

st.title("Runs")
with trouble.shown():
    run_trash.undo_bar()
    if not session.store().ids():
        st.info("No runs yet. Start one and it appears here.", icon=":material/table_rows:")
        st.page_link("launch.py", label="Start a run", icon=":material/rocket_launch:")
    else:
        run_list.show()
        chosen = run_selection.chosen()
        if chosen:
            run_selection.show(chosen)
            newest = run_selection.summaries(chosen, run_board.MOST)
            run_board.of_several(session.store(), newest)
            config_difference.show(newest)
        else:
            st.caption(
                "A click on a name opens the run. Choose one by its box to name, archive or "
                "delete it, several to compare their curves."
            )
    with st.expander("Import", icon=":material/input:"):
        exchange_panel.import_panel()
    run_trash.show()
