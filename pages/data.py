"""Data: all datasets, and everything about the one that is looked at."""

from __future__ import annotations

import streamlit as st

from components import session, trouble
from components.data import catalogue, choice, dataset_page
from engine.data.library.library import DataLibrary

with trouble.shown():
    store = session.store()
    library = DataLibrary(store.root)
    chosen = choice.from_url(library)
    if chosen is not None:
        dataset_page.show(store, library, chosen)
    else:
        st.title("Data")
        catalogue.show(store, library)
