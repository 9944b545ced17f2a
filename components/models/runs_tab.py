"""The runs that were made with a model, and the best checkpoint of them on each data set."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from components.models.looked_at import Looked
from components.numbers import shown_number
from components.plain_text import as_markdown
from engine.models.collection import FACT, Best, best_of, has_checkpoint
from engine.runs.entry import Entry

_MOST = 2_000


def show(looked: Looked) -> None:
    """Draw the best checkpoints, then all runs."""
    runs = looked.model.runs
    if not runs:
        st.caption("No run was made with this model yet.")
        return
    best = best_of(runs)
    if best:
        st.subheader("Best checkpoints")
        st.caption(
            "Of the runs on the same data, by the metric that they were judged by themselves."
        )
        for one in best:
            _best(looked, one)
    st.subheader("Runs")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{len(runs):,} runs" if len(runs) != 1 else "1 run", width="content")
        st.page_link(
            "runs.py",
            label="On the Runs page",
            icon=":material/table_rows:",
            query_params={"query": f'{FACT} == "{looked.digest}"'},
        )
    _table(runs[:_MOST])


def _best(looked: Looked, best: Best) -> None:
    there = has_checkpoint(looked.store, best)
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        of = f", the best of {best.runs:,} runs" if best.runs > 1 else ""
        st.markdown(
            f"**{as_markdown(best.metric)} {shown_number(best.value)}** on "
            f"{as_markdown(best.data)} at step {best.step:,} of "
            f"{as_markdown(best.run_name)}{of}",
            width="stretch",
        )
        st.page_link(
            "live.py",
            label="Checkpoints" if there else "Run (its checkpoint was not kept)",
            icon=":material/save:" if there else ":material/monitoring:",
            query_params={"run": best.run_id, "tab": "Checkpoints"},
        )


def _table(runs: tuple[Entry, ...]) -> None:
    facts = [entry.facts for entry in runs]
    started = [one.get("started_at") for one in facts]
    frame = pd.DataFrame(
        {
            "Run": [f"/live?run={entry.id}" for entry in runs],
            "Name": [entry.name for entry in runs],
            "Status": [entry.status for entry in runs],
            "Data": [one.get("data") for one in facts],
            "Best": [_words(entry) for entry in runs],
            "At step": pd.Series([one.get("best.step") for one in facts], dtype="Int64"),
            "Steps": pd.Series([one.get("step") for one in facts], dtype="Int64"),
            "Started": pd.to_datetime(pd.Series(started, dtype=float), unit="s", utc=True),
        }
    )
    st.dataframe(
        frame,
        hide_index=True,
        height=min(460, 38 + 35 * len(runs)),
        placeholder="–",
        column_config={
            "Run": st.column_config.LinkColumn(width=70, display_text="Open"),
            "Name": st.column_config.TextColumn(width=220),
            "Best": st.column_config.TextColumn(width=190),
            "Started": st.column_config.DatetimeColumn(
                format="YYYY-MM-DD HH:mm", timezone=st.context.timezone
            ),
        },
        alt="Runs that were made with this model",
    )


def _words(entry: Entry) -> str | None:
    value, metric = entry.facts.get("best"), entry.facts.get("best.metric")
    return f"{metric} {shown_number(value)}" if isinstance(value, float | int) else None
