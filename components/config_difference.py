"""What the configurations of several runs have otherwise: only what differs, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from components import readable
from components.numbers import DASH
from engine.documents.differences import Setting, differing, settings
from engine.run_spec import RunSpec
from engine.runs.store import RunSummary

MOST = 40
"""Runs that are compared at once."""
_LEFT_OUT = {"name", "version"}
_SETTING = "Setting"


def table(specs: Mapping[str, RunSpec]) -> pd.DataFrame:
    """One line a setting that is not the same in all specs, one column a spec by its heading.

    A dash stands for a setting that the spec's model, data, optimizer... does not have.
    """
    sides = [settings(spec) for spec in specs.values()]
    paths = [path for path in differing(sides) if path not in _LEFT_OUT]
    labels = [_label(path, sides) for path in paths]
    columns = {
        heading: [shown(side.get(path)) for path in paths]
        for heading, side in zip(specs, sides, strict=True)
    }
    return pd.DataFrame({_SETTING: labels, **columns}, index=pd.Index(paths))


def show(summaries: Sequence[RunSummary]) -> None:
    """Draw the table for the runs that can be read; nothing for fewer than two."""
    specs = headed([summary for summary in summaries if not summary.damage][:MOST])
    if len(specs) < 2:
        return
    st.subheader("What differs")
    frame = table(specs)
    if frame.empty:
        st.caption("These runs have the same configuration.")
        return
    st.dataframe(
        frame,
        key="runs.difference",
        hide_index=True,
        column_config={_SETTING: st.column_config.TextColumn(pinned=True)},
        height="content",
        alt="What differs between the configurations of the chosen runs",
    )


def headed(summaries: Sequence[RunSummary]) -> dict[str, RunSpec]:
    """The specs of runs by their names; the id goes with a name that is not the only one."""
    names = [summary.name for summary in summaries]
    return {
        _heading(summary, names.count(summary.name) > 1): summary.record.spec
        for summary in summaries
        if summary.record is not None and summary.record.spec is not None
    }


def _heading(summary: RunSummary, shared: bool) -> str:
    taken = shared or summary.name == _SETTING
    return f"{summary.name} · {summary.id}" if taken else summary.name


def _label(path: str, sides: Sequence[Mapping[str, Setting]]) -> str:
    return next(side[path].label for side in sides if path in side)


def shown(setting: Setting | None) -> str:
    """A setting's value as people read it; a dash where there is no such setting."""
    if setting is None:
        return DASH
    match setting.value:
        case None | False:
            return "off"
        case True:
            return "on"
        case int() | float() as number:
            return readable.shortest(float(number)) if isinstance(number, float) else f"{number:,}"
        case str() as text:
            return readable.NAMES.get(text, text)
        case list() as items:
            return ", ".join(map(str, items))
        case other:
            return str(other)
