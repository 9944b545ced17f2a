"""The board of the runs named in the address, and a button that reruns the script."""

import streamlit as st

from components.charts.board import live_charts, overlay_charts
from components.live_chart import live_board

st.set_page_config(layout="wide")
run_ids = st.query_params.get_all("run")
if "pick" in st.query_params:
    run_ids = [st.radio("Run", run_ids)]
if "more" in st.query_params and not st.checkbox("All runs"):
    run_ids = run_ids[:1]
metrics = st.query_params.get_all("metric")
overlay = "overlay" in st.query_params
lay_out = overlay_charts if overlay else live_charts
names = {run_id: st.query_params.get("name", f"run {run_id[-6:]}") for run_id in run_ids}
st.button("Run the script again")
groups = int(st.query_params.get("groups", 0))
labels = {run_id: f"group {place % groups}" for place, run_id in enumerate(names)} if groups else {}
baseline = run_ids[0] if "baseline" in st.query_params else None
live_board(names, lay_out(metrics), key="board", overlay=overlay, groups=labels, baseline=baseline)
