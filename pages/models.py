"""Models: all that are known, and everything about the one that is looked at."""

from __future__ import annotations

import streamlit as st

from components import model_state, session, trouble
from components.models import catalogue, choice, intake, version_page
from engine.models import collection

with trouble.shown():
    store = session.store()
    models = collection.known_models(store)
    chosen = None if model_state.is_code_addressed() else choice.from_url(models)
    if chosen is not None:
        version_page.show(store, models, chosen)
    elif model_state.current_code() is not None:
        st.title("Bring in a model")
        intake.bring_in(store)
    else:
        st.title("Models")
        catalogue.show(store, models)
