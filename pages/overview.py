"""The first page: what this is, one click to try it, and what is going on."""

from __future__ import annotations

import streamlit as st

from components import example_cards, run_digest, session
from components.machine_line import machine_words
from engine.machine import machine_facts

st.title("Traindeck")
st.write("Train small and middle-sized PyTorch models here and watch every curve as it moves.")
st.caption(machine_words(machine_facts(session.store().root)))
st.subheader("Start with an example")
example_cards.show("overview")
run_digest.show()
