"""Everything that a run was ever warned of: when, at which step, and what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import streamlit as st

from components import session
from components.log_lines import Line, of_event
from components.log_table import STYLE, events_table
from components.plain_text import as_markdown
from engine.runs.run import Run

MOST = 300


class Kind(NamedTuple):
    """Alerts of one kind."""

    name: str
    times: int
    last: int | None
    """The step of the newest; None where it is unknown."""


def show(run: Run) -> None:
    """Draw all alerts, the newest first, and how many there are of each kind."""
    events = session.event_tail(run).read_on(run)
    alerts = [event for event in events if event.get("kind") == "alert"]
    if not alerts:
        st.caption(
            "No alerts. Training tells of spikes, plateaus, overfitting and the like by itself; "
            "rules of your own are on the Alerts page."
        )
        return
    st.caption(" · ".join(kind_words(kind) for kind in kinds_of(alerts)))
    zone = ZoneInfo(st.context.timezone) if st.context.timezone else None
    newest = [_line(event) for event in alerts[: -MOST - 1 : -1]]
    st.html(STYLE + events_table(newest, zone))
    if len(alerts) > MOST:
        st.caption(f"The newest {MOST} of {len(alerts):,}; the Log tab searches all of them.")


def kinds_of(alerts: Sequence[Mapping[str, Any]]) -> list[Kind]:
    """The kinds, the most frequent first."""
    names = [_rule(event) for event in alerts]
    times = Counter(names)
    newest = dict(zip(names, alerts, strict=True))
    kinds = [Kind(name, times[name], of_event(event).step) for name, event in newest.items()]
    return sorted(kinds, key=lambda kind: (-kind.times, kind.name))


def kind_words(kind: Kind) -> str:
    """How often, and where."""
    where = "" if kind.last is None else f", last at step {kind.last:,}"
    return f"{kind.times:,} × {as_markdown(kind.name)}{where}"


def _line(event: Mapping[str, Any]) -> Line:
    """The alert with the name of its rule in the place of its kind."""
    return of_event(event)._replace(kind=_rule(event))


def _rule(event: Mapping[str, Any]) -> str:
    return str(event.get("alert", "alert")).replace("-", " ")
