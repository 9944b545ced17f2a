"""A server with nothing but the chart board."""

import os

import streamlit as st

from components import live_feed
from engine.runs.store import RunStore

app = st.App("board_page.py", routes=live_feed.routes(RunStore(os.environ["TRAINDECK_RUNS"])))
