"""How runs are compared: grouped by what, against which baseline, with which band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from components import session
from components.charts.bands import BandKind
from engine.comparison import Compared
from engine.comparison.fields import grouping_fields

BASELINE = "baseline"
"""Name of the baseline run in the URL."""
_BANDS: dict[str, BandKind] = {
    "Standard deviation": "std",
    "Lowest to highest": "range",
    "Standard error": "stderr",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What somebody chose for all parts of the page."""

    by: tuple[str, ...] = ()
    """Fields that runs are grouped by; none for every run by itself."""
    band: BandKind = "std"
    baseline: str | None = None
    """Id of the run that the others are measured against."""

    def baseline_place(self, runs: Sequence[Compared]) -> int | None:
        """Where the baseline is among runs; None without one, or when it is gone."""
        ids = [run.id for run in runs]
        return ids.index(self.baseline) if self.baseline in ids else None


def show(runs: Sequence[Compared]) -> Settings:
    """Draw the choices; they are kept in the address of the page."""
    fields = grouping_fields(runs)
    session.drop_foreign(session.COMPARE_BY, fields)
    by, band, baseline = st.columns([3, 2, 3])
    with by:
        chosen: list[str] = st.multiselect(
            "Group by",
            fields,
            key=session.COMPARE_BY,
            bind="query-params",
            placeholder="Every run by itself",
            disabled=not fields,
            help="Runs with the same values become one group: as the same settings with other "
            "seeds. Offered is what differs between the runs.",
        )
    with band:
        kind = st.selectbox(
            "Band",
            list(_BANDS),
            key=session.COMPARE_BAND,
            bind="query-params",
            disabled=not chosen,
            help="What is drawn around the mean of a group's curves.",
        )
    with baseline:
        against = _baseline(runs)
    return Settings(tuple(chosen), _BANDS[kind], against)


def _baseline(runs: Sequence[Compared]) -> str | None:
    """The run that the others are measured against, by its id in the URL."""
    headings = {run.id: run.heading for run in runs}
    wanted = st.query_params.get(BASELINE)
    st.session_state[session.COMPARE_BASELINE] = wanted if wanted in headings else None
    st.selectbox(
        "Baseline",
        list(headings),
        format_func=lambda run_id: _short(headings[run_id]),
        key=session.COMPARE_BASELINE,
        index=None,
        placeholder="None",
        on_change=_choose_baseline,
        help="The run that the others are measured against.",
    )
    return wanted if wanted in headings else None


def _choose_baseline() -> None:
    picked: str | None = st.session_state[session.COMPARE_BASELINE]
    if picked is None:
        st.query_params.pop(BASELINE, None)
    else:
        st.query_params[BASELINE] = picked


def _short(text: str) -> str:
    return text if len(text) <= 90 else f"{text[:60]}…{text[-28:]}"
