"""A table of runs: rows, what a filter leaves of them, the data frame, and the widget."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import streamlit as st
from streamlit.elements.lib.column_types import ButtonColumnResult, ColumnConfig

from components import session
from components.durations import clock_duration
from engine.runs.last_values import LastValues
from engine.runs.record import RunRecord
from engine.runs.spec_words import data_words, model_words
from engine.runs.state import RunState, Status
from engine.runs.store import RunStore, RunSummary


@dataclass(frozen=True, slots=True)
class RunRow:
    """One row. Unknown is None."""

    id: str
    name: str
    status: Status | Literal["damaged"]
    progress: float | None = None
    """Share of the steps that are done, in percent."""
    model: str = ""
    data: str = ""
    best: float | None = None
    monitor: str = ""
    val_loss: float | None = None
    train_loss: float | None = None
    trained_s: float | None = None
    started_at: float | None = None
    origin: str = ""
    """The run that it was forked from and the step, where there is one."""
    tags: tuple[str, ...] = ()
    remark: str = ""
    """Why it ended or waits, or what is wrong with its folder."""


def rows(store: RunStore, last: LastValues) -> list[RunRow]:
    """All runs, newest first."""
    summaries = store.list()
    names = {summary.id: summary.name for summary in summaries}
    return [_row(summary, store.root / summary.id, last, names) for summary in summaries]


def matching(rows: Sequence[RunRow], text: str) -> list[RunRow]:
    """The rows that have every word of `text` in their name, tags, status, model, data or id."""
    words = text.casefold().split()
    return [row for row in rows if all(word in _haystack(row) for word in words)]


def frame(rows: Sequence[RunRow]) -> pd.DataFrame:
    """One line a run, one column a field."""
    columns = {
        "Name": [row.name for row in rows],
        "Status": [row.status for row in rows],
        "Progress": _floats([row.progress for row in rows]),
        "Best": _measured([row.best for row in rows]),
        "Monitor": [row.monitor for row in rows],
        "Val loss": _measured([row.val_loss for row in rows]),
        "Train loss": _measured([row.train_loss for row in rows]),
        "Trained": [clock_duration(row.trained_s) for row in rows],
        "Started": pd.to_datetime(_floats([row.started_at for row in rows]), unit="s", utc=True),
        "Model": [row.model for row in rows],
        "Data": [row.data for row in rows],
        "Forked from": [row.origin or None for row in rows],
        "Tags": [list(row.tags) for row in rows],
        "Remark": [row.remark for row in rows],
    }
    return pd.DataFrame(columns)


def show(rows: Sequence[RunRow]) -> list[str]:
    """Draw the table and give the ids of the chosen runs, also of those a filter hides."""
    ids = [row.id for row in rows]
    _move_selection(ids)
    event = st.dataframe(
        frame(rows),
        key=session.RUNS_TABLE,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        column_config=_column_config(),
        height=min(460, 38 + 35 * max(1, len(rows))),
        placeholder="–",
        alt="All runs",
    )
    chosen = {ids[row] for row in event["selection"]["rows"] if row < len(ids)}
    shown = set(ids)
    hidden = {run_id for run_id in session.chosen_runs() if run_id not in shown}
    session.choose_runs(sorted(chosen | hidden, reverse=True))
    return session.chosen_runs()


def _move_selection(ids: list[str]) -> None:
    """The widget selects by row number: when rows move, the selection moves with its runs."""
    if session.table_rows() == ids and session.RUNS_TABLE in st.session_state:
        return
    rows = selected_rows(ids, session.chosen_runs())
    st.session_state[session.RUNS_TABLE] = {"selection": {"rows": rows}}
    session.remember_table_rows(ids)


def selected_rows(ids: Sequence[str], chosen: Collection[str]) -> list[int]:
    """Row numbers of the chosen runs."""
    return [row for row, run_id in enumerate(ids) if run_id in chosen]


def _row(summary: RunSummary, folder: Path, last: LastValues, names: Mapping[str, str]) -> RunRow:
    record, state, labels = summary.record, summary.state, summary.labels
    if record is None or state is None or labels is None:
        return RunRow(summary.id, summary.name, "damaged", remark=summary.damage)
    best, spec = state.best, record.spec
    return RunRow(
        id=summary.id,
        name=summary.name,
        status=state.status,
        progress=_progress(state),
        model="" if spec is None else model_words(spec.model),
        data=_data(record),
        best=None if best is None else best.value,
        monitor="" if spec is None else spec.training.evaluation.monitor,
        val_loss=last.of(folder, "val/loss"),
        train_loss=last.of(folder, "train/loss"),
        trained_s=state.trained_s if state.started_at and spec is not None else None,
        started_at=state.started_at,
        origin=_origin(record, names),
        tags=labels.tags,
        remark=state.reason if state.status != "completed" else "",
    )


def _data(record: RunRecord) -> str:
    """Where the samples come from, or the run."""
    if record.imported is not None:
        return f"Imported from {record.imported.source_name}"
    assert record.spec is not None
    return data_words(record.spec.data)


def _origin(record: RunRecord, names: Mapping[str, str]) -> str:
    origin = record.origin
    if origin is None:
        return ""
    return f"{names.get(origin.run_id, origin.run_id)}, step {origin.step:,}"


def _progress(state: RunState) -> float | None:
    return 100 * state.step / state.total_steps if state.total_steps else None


def _haystack(row: RunRow) -> str:
    return " ".join((row.name, row.status, row.model, row.data, row.id, *row.tags)).casefold()


def _floats(values: Sequence[float | None]) -> pd.Series[float]:
    return pd.Series([float("nan") if value is None else value for value in values], dtype=float)


def _measured(values: Sequence[float | None]) -> pd.Series[Any]:
    """Numbers among which NaN is a value; only None is a gap."""
    column = pa.array(values, pa.float64(), from_pandas=False)
    return pd.Series(pd.array(column, dtype=pd.ArrowDtype(pa.float64())))


def _column_config() -> dict[str, ColumnConfig | ButtonColumnResult | str | None]:
    number = st.column_config.NumberColumn
    return {
        "Name": st.column_config.TextColumn(width=170, pinned=True),
        "Status": st.column_config.TextColumn(width=90),
        "Progress": st.column_config.ProgressColumn(
            width=110, format="%.0f%%", min_value=0, max_value=100
        ),
        "Best": number(format="%.4g", width=80, help="Best value of the monitored metric."),
        "Monitor": st.column_config.TextColumn(width=100, help="The metric that decides."),
        "Val loss": number(format="%.4g", width=80),
        "Train loss": number(format="%.4g", width=80),
        "Trained": st.column_config.TextColumn(width=80, help="Time spent in training."),
        "Started": st.column_config.DatetimeColumn(
            format="YYYY-MM-DD HH:mm", timezone=st.context.timezone, width=130
        ),
        "Model": st.column_config.TextColumn(width=110),
        "Data": st.column_config.TextColumn(width=110),
        "Forked from": st.column_config.TextColumn(width=130),
        "Tags": st.column_config.ListColumn(width=130),
    }
