"""Page config and navigation: the script that every browser tab runs."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from components import alert_bell, session

COMPONENTS = Path(__file__).parents[1] / "components"
ICON = COMPONENTS / "icon.svg"
"""Our own: a Material icon or emoji would be fetched from the network."""

st.set_page_config(page_title="Traindeck", page_icon=ICON, layout="wide")

PAGES = [
    st.Page("overview.py", title="Overview", icon=":material/home:", default=True),
    st.Page("launch.py", title="Launch", icon=":material/rocket_launch:"),
    st.Page("live.py", title="Live", icon=":material/monitoring:"),
    st.Page("runs.py", title="Runs", icon=":material/table_rows:"),
    st.Page("compare.py", title="Compare", icon=":material/compare_arrows:"),
    st.Page("models.py", title="Models", icon=":material/deployed_code:"),
    st.Page("data.py", title="Data", icon=":material/database:"),
    st.Page("alerts.py", title="Alerts", icon=":material/notifications:"),
]

st.html(COMPONENTS / "app.css")
session.begin()
alert_bell.show()
st.navigation(PAGES).run()
