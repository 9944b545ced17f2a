"""What a tab keeps of the forms for alert rules: the session-state keys of the Alerts page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from components import seeding
from engine.errors import Problem

NEW = "new"
ALERT_ME = "live.alert-me"
_DRAFT = "alerts.draft."
_FIELD = "alerts.field."
_WRONG = "alerts.wrong."
_EDITED = "alerts.edited"
_TEST = "alerts.tested."


def draft(form: str) -> dict[str, Any]:
    """What was filled in on a form for an alert rule; empty for one that is opened anew."""
    draft: dict[str, Any] = st.session_state.setdefault(f"{_DRAFT}{form}", {})
    return draft


def seed(form: str, field: str, value: object) -> str:
    """The key of the widget of a field, which shows `value` unless it has its own already."""
    return seeding.seed(f"{_FIELD}{form}.{field}", value)


def close(form: str) -> None:
    """Forget what was filled in; the form shows its own values when it is opened again."""
    begins = (f"{_FIELD}{form}.", f"{_DRAFT}{form}", f"{_WRONG}{form}")
    for key in [str(key) for key in st.session_state if str(key).startswith(begins)]:
        del st.session_state[key]


def problems(form: str) -> Sequence[Problem]:
    """What was wrong when the form was last saved."""
    problems: Sequence[Problem] = st.session_state.get(f"{_WRONG}{form}", ())
    return problems


def remember_problems(form: str, problems: Sequence[Problem]) -> None:
    """Keep what is wrong until the form is saved again."""
    st.session_state[f"{_WRONG}{form}"] = problems


def edited() -> str | None:
    """Id of the alert rule that is edited, `NEW` for a new one, None for none."""
    edited: str | None = st.session_state.get(_EDITED)
    return edited


def edit(rule_id: str | None) -> None:
    """Open the form for a rule, or close it."""
    st.session_state[_EDITED] = rule_id


def test(rule_id: str) -> tuple[bool, str] | None:
    """How the last test message of a rule went in this tab: whether it arrived, in words."""
    told: tuple[bool, str] | None = st.session_state.get(f"{_TEST}{rule_id}")
    return told


def remember_test(rule_id: str, arrived: bool, words: str) -> None:
    """Keep how a test message went."""
    st.session_state[f"{_TEST}{rule_id}"] = arrived, words
