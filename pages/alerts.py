"""When somebody wants to be told about runs, and what has fired."""

from __future__ import annotations

import streamlit as st

from components import alert_fired, alert_rules

st.title("Alerts")
st.caption(
    "Be told when a metric crosses a bound, stops improving or is NaN, and when a run goes silent "
    "or ends: here, as a notification of the browser, or by a webhook."
)
alert_rules.show()
st.subheader("Fired lately")
alert_fired.show()
