"""'Alert me', on a run's page: a rule about this run in a few clicks."""

from __future__ import annotations

import streamlit as st

from components import alert_state, popover
from components.alert_draft import ONE
from components.alert_form import AlertForm
from engine.runs.run import Run

_FAVOURITES = ("val/loss", "train/loss")


@st.fragment
def show(run: Run) -> None:
    """Draw the button behind which the rule is filled in; nothing is read before it is opened."""
    button = popover.Button(
        "Alert me",
        alert_state.ALERT_ME,
        icon=":material/add_alert:",
        help="Be told when something happens to this run.",
    )
    popover.show(button, lambda: _form(run))


def _form(run: Run) -> None:
    AlertForm(f"me.{run.id}", None, _first(run), about=False).show(_saved)
    st.page_link("alerts.py", label="All alerts", icon=":material/notifications:")


def _first(run: Run) -> dict[str, object]:
    """What the form begins with: this run and a metric that it has."""
    metrics = run.metrics()
    metric = next((name for name in _FAVOURITES if name in metrics), None)
    return {
        "name": f"Watch {run.name}"[:100],
        "runs": ONE,
        "run": run.id,
        "metric": metric or (metrics[0] if metrics else _FAVOURITES[0]),
    }


def _saved() -> None:
    popover.close(alert_state.ALERT_ME)
    st.toast("Saved. It judges what is logged from now on.", icon=":material/check:")
