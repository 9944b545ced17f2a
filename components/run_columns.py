"""Columns of the table of runs: any fact or metric, each shown as its kind asks."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import streamlit as st

from components import session
from components.durations import clock_duration
from components.plain_text import as_markdown
from engine.runs.entry import Entry
from engine.runs.facts import Fact
from engine.runs.query.errors import QueryError
from engine.runs.query.names import Term
from engine.runs.query.query import Language
from engine.runs.views import View

NAME = "Name"
DEFAULT = (
    *("status", "progress", "best", "evaluation.monitor", "val/loss", "train/loss"),
    *("trained_s", "started_at", "model", "data", "tags", "reason"),
)
TITLES = {
    "status": "Status",
    "progress": "Progress",
    "best": "Best",
    "best.metric": "Best metric",
    "best.step": "Best step",
    "evaluation.monitor": "Monitor",
    "val/loss": "Val loss",
    "train/loss": "Train loss",
    "trained_s": "Trained",
    "created_at": "Created",
    "queued_at": "Queued",
    "started_at": "Started",
    "ended_at": "Ended",
    "model": "Model",
    "data": "Data",
    "origin.run_id": "Forked from",
    "origin.step": "Forked at step",
    "project": "Project",
    "group": "Group",
    "tags": "Tags",
    "notes": "Notes",
    "archived": "Archived",
    "reason": "Remark",
    "step": "Step",
    "total_steps": "Steps",
    "epoch": "Epoch",
    "device": "Device",
    "host": "Host",
    "id": "Id",
    "imported": "Imported from",
}
"""What columns are called; others are called as their fact."""
_HELP = {
    "best": "Best value of the monitored metric.",
    "evaluation.monitor": "The metric that decides.",
    "trained_s": "Time spent in training.",
    "reason": "Why it ended or waits, or what is wrong with its folder.",
}
_DIGITS, _MOST_DIGITS = 5, 21
_NOTHING = "\u200b"
"""A character without a width."""
_WIDTHS = {"status": 90, "evaluation.monitor": 100, "trained_s": 80, "origin.run_id": 130}

Config = Any
Cells = Callable[[Sequence[Fact]], "pd.Series[Any]"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what it is called, what each run has in it, and of what kind that is."""

    name: str
    title: str
    read: Callable[[Entry], Fact]
    kind: str = ""


def title_of(name: str) -> str:
    """What a column is called."""
    return TITLES.get(name, name)


def columns_of(names: Sequence[str], language: Language) -> tuple[list[Column], list[str]]:
    """The columns, each once, and what is wrong with those that no run has anything for."""
    found: dict[str, Column] = {}
    wrong: list[str] = []
    for name in names:
        try:
            term, read = language.reading(name)
        except QueryError as error:
            if name not in TITLES:
                wrong.append(
                    as_markdown(f"{error.problems[0].message}. {error.problems[0].remedy}")
                )
                continue
            term, read = Term(name), _nothing
        whole, title = str(term), title_of(str(term))
        if title in found and found[title].name == whole:
            continue
        if title == NAME or title in found:
            title = f"{whole} (metric)"
        if whole == "origin.run_id":
            read = _named(read, language)
        always = term.extreme or whole == "progress"
        kind = "number" if always else language.names.kind(term.name)
        found[title] = Column(whole, title, read, kind or "")
    return list(found.values()), wrong


def _named(read: Callable[[Entry], Fact], language: Language) -> Callable[[Entry], Fact]:
    """The name of a run in place of its id, as long as the run is there."""

    def name(entry: Entry) -> Fact:
        run_id = read(entry)
        return language.run_names.get(str(run_id), run_id)

    return name


def _nothing(entry: Entry) -> Fact:
    """What runs have in a column for which no run has anything yet."""
    return None


def frame(entries: Sequence[Entry], columns: Sequence[Column]) -> pd.DataFrame:
    """One line a run: its name, then the columns."""
    cells: dict[str, Any] = {NAME: [as_button(entry.name) for entry in entries]}
    for column in columns:
        facts = [column.read(entry) for entry in entries]
        cells[column.title] = _CELLS.get(column.kind, _texts)(facts)
    return pd.DataFrame(cells)


def as_button(name: str) -> str:
    """A name as the label of a button in a cell, which takes some texts for icons or for lists."""
    return f"{_NOTHING}{name}" if name.lstrip().startswith((":", "[")) else name


def configuration(
    frame: pd.DataFrame, columns: Sequence[Column], view: View, on_open: Callable[[], None]
) -> Mapping[str, Config]:
    """How the table draws each column; a click on a name calls `on_open`."""
    name = st.column_config.ButtonColumn(
        _headed(NAME, "name", view),
        type="tertiary",
        alignment="left",
        width=190,
        pinned=True,
        on_click=on_open,
        key=session.RUNS_OPENED,
        help="A click on a name opens the run.",
    )
    told = {column.title: _config(column, frame[column.title], view) for column in columns}
    return {NAME: name, **told}


def _headed(title: str, name: str, view: View) -> str:
    """The head of a column, with an arrow where the table is sorted by it."""
    if view.sort != name:
        return title
    return f"{title} {'↓' if view.descending else '↑'}"


def _config(column: Column, cells: pd.Series[Any], view: View) -> Config:
    name, config = column.name, st.column_config
    hint, width = _HELP.get(name, name if name != column.title else None), _WIDTHS.get(name, 110)
    label = _headed(column.title, name, view)
    match column.kind:
        case _ if name == "progress":
            return config.ProgressColumn(
                label, width=110, format="%.0f%%", min_value=0, max_value=100
            )
        case "number":
            return config.NumberColumn(label, format=number_format(cells), width=90, help=hint)
        case "time":
            zone, form = st.context.timezone, "YYYY-MM-DD HH:mm"
            return config.DatetimeColumn(label, format=form, timezone=zone, width=130, help=hint)
        case "switch":
            return config.CheckboxColumn(label, width=90, help=hint)
        case "list":
            return config.ListColumn(label, width=130, help=hint)
        case _:
            return config.TextColumn(label, width=width, help=hint)


def number_format(cells: pd.Series[Any]) -> str:
    """Five significant digits for fractions; whatever is before the point is never rounded away."""
    known = [float(value) for value in cells.dropna() if math.isfinite(value)]
    whole = len(str(int(max(map(abs, known), default=0))))
    fraction = any(not value.is_integer() for value in known)
    return f"%.{min(_MOST_DIGITS, max(whole, _DIGITS if fraction else 1))}g"


def _numbers(facts: Sequence[Fact]) -> pd.Series[Any]:
    """Numbers among which NaN is a value; only what is not known is a gap."""
    values = [float(fact) if isinstance(fact, int | float) else None for fact in facts]
    return pd.Series(pd.array(pa.array(values, pa.float64(), from_pandas=False), _FLOATS))


def _durations(facts: Sequence[Fact]) -> pd.Series[Any]:
    spans = [float(fact) if isinstance(fact, int | float) else None for fact in facts]
    return pd.Series([clock_duration(span) for span in spans], dtype=object)


def _times(facts: Sequence[Fact]) -> pd.Series[Any]:
    moments = [float(fact) if isinstance(fact, int | float) else float("nan") for fact in facts]
    return pd.Series(pd.to_datetime(pd.Series(moments), unit="s", utc=True, errors="coerce"))


def _switches(facts: Sequence[Fact]) -> pd.Series[Any]:
    return pd.Series([fact if isinstance(fact, bool) else None for fact in facts], dtype=object)


def _lists(facts: Sequence[Fact]) -> pd.Series[Any]:
    return pd.Series([list(fact) if isinstance(fact, tuple) else None for fact in facts])


def _texts(facts: Sequence[Fact]) -> pd.Series[Any]:
    return pd.Series([_text(fact) for fact in facts], dtype=object)


def _text(fact: Fact) -> str | None:
    if isinstance(fact, tuple):
        return ", ".join(fact)
    return None if fact in (None, "") else str(fact)


_FLOATS = pd.ArrowDtype(pa.float64())
_CELLS: Mapping[str, Cells] = {
    "number": _numbers,
    "duration": _durations,
    "time": _times,
    "switch": _switches,
    "list": _lists,
}
"""What the cells of each kind are; those of others are texts."""
