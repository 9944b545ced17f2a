"""What has fired since a viewer last asked."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from engine.alerting.journal import Fired, Journal
from engine.frozen import Frozen
from engine.runs.store import RunStore

MOST = 20
"""Alerts told at once; the Alerts page has the others."""


class AlertsQuery(Frozen):
    """From where on the journal is news."""

    since: int | None = Field(None, ge=0)
    """The cursor of the last answer; without it nothing is news but the cursor."""


def fresh_alerts(store: RunStore, query: AlertsQuery) -> dict[str, Any] | None:
    """The newest alerts, oldest first, with the cursor to ask with; None when there are none."""
    journal = Journal(store.root)
    size = journal.size()
    if query.since is None or query.since > size:  # the first question, or another journal
        return {"cursor": size, "alerts": []}
    found, cursor = journal.read(query.since) if query.since < size else ([], query.since)
    if cursor == query.since:
        return None
    return {"cursor": cursor, "alerts": [_shown(fired) for _, fired in found[-MOST:]]}


def _shown(fired: Fired) -> dict[str, Any]:
    shown = ("id", "name", "run", "run_name", "text", "channels")
    return fired.model_dump(include=set(shown))
