"""The web application: `streamlit run app.py`. Screens are in pages/, the engine in engine/."""

from __future__ import annotations

import streamlit as st

from components.server import HEADERS, feed_routes, lifespan

app = st.App(
    "pages/navigation.py",
    lifespan=lifespan,
    routes=feed_routes(),
    middleware=[HEADERS],
)
