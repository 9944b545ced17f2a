"""What the runs have otherwise, side by side: configuration, data, environment, code."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler
from streamlit.elements.lib.column_types import ColumnConfig

from components import session
from components.comparison.metric_frames import OTHERWISE, styled
from components.comparison.settings import Settings
from components.config_difference import shown
from engine.comparison import ASPECTS, Compared, rows
from engine.comparison.differences import Row

MOST_COLUMNS = 6
"""With more runs each is a row, or there is more to the right than below."""
_SETTING = "Setting"
_RUN = "Run"


def show(runs: Sequence[Compared], settings: Settings) -> None:
    """Draw a table for each aspect; of one run alone all that is known."""
    everything = st.toggle(
        "Also what is the same",
        key=session.COMPARE_EVERYTHING,
        bind="query-params",
        help="Marked is what is not as in the baseline, or as in most runs.",
    )
    for aspect in ASPECTS:
        st.subheader(aspect.capitalize())
        found = rows(runs, aspect, all_of_it=everything or len(runs) == 1)
        if not found:
            st.caption("The same in all runs.")
            continue
        wide = len(runs) > MOST_COLUMNS
        st.dataframe(
            marked(runs, found, settings.baseline_place(runs), wide=wide),
            key=f"compare.differences.{aspect}",
            hide_index=True,
            column_config=_widths(runs, wide=wide),
            height=min(560, 38 + 35 * (len(runs) if wide else len(found))),
            alt=f"What differs between the runs: {aspect}",
        )


def marked(
    runs: Sequence[Compared], found: Sequence[Row], baseline: int | None, *, wide: bool
) -> Styler:
    """The table with a column a run, or `wide` with a row a run; what is unusual is marked."""
    if wide:
        labels = _unique([row.label for row in found], [row.path for row in found])
        columns = {_RUN: [run.heading for run in runs]}
        columns |= {
            label: [shown(value) for value in row.values]
            for label, row in zip(labels, found, strict=True)
        }
        cells = {
            label: {n: OTHERWISE for n, other in enumerate(row.others(baseline)) if other}
            for label, row in zip(labels, found, strict=True)
            if row.differs
        }
        return styled(pd.DataFrame(columns), cells)
    headings = _unique([run.heading for run in runs], [run.id for run in runs], _SETTING)
    columns = {_SETTING: [row.label for row in found]}
    columns |= {
        heading: [shown(row.values[n]) for row in found] for n, heading in enumerate(headings)
    }
    cells = {
        heading: {
            place: OTHERWISE
            for place, row in enumerate(found)
            if row.differs and row.others(baseline)[n]
        }
        for n, heading in enumerate(headings)
    }
    return styled(pd.DataFrame(columns), cells)


def _widths(runs: Sequence[Compared], *, wide: bool) -> dict[str, ColumnConfig | str | None]:
    """Columns of runs are as wide as their values need, not as their names."""
    text = st.column_config.TextColumn
    if wide:
        return {_RUN: text(pinned=True, width=220)}
    headings = _unique([run.heading for run in runs], [run.id for run in runs], _SETTING)
    widths: dict[str, ColumnConfig | str | None] = {name: text(width=200) for name in headings}
    return widths | {_SETTING: text(pinned=True)}


def _unique(labels: Sequence[str], ids: Sequence[str], *taken: str) -> list[str]:
    """Headings of columns: with the id where two would be one."""
    all_of_them = [*labels, *taken, _RUN]
    return [
        f"{label} · {id_}" if all_of_them.count(label) > 1 else label
        for label, id_ in zip(labels, ids, strict=True)
    ]
