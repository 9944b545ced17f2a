"""The web application: `streamlit run app.py`. Screens are in pages/, the engine in engine/."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning torch threads starve the pages

import streamlit as st

from components import live_feed, session
from components.server import HEADERS, lifespan

app = st.App(
    "pages/navigation.py",
    lifespan=lifespan,
    routes=live_feed.routes(session.store()),
    middleware=[HEADERS],
)
