"""Where a dataset is from, how it was read, and the runs that were made with it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from components import session
from components.data import runs_of
from components.data.looked_at import Looked
from components.plain_text import as_markdown
from engine.data.intake.source import in_bytes
from engine.runs.entry import Entry

_MOST = 500


def show(looked: Looked) -> None:
    """Draw the origin, then the runs."""
    record = looked.dataset.record
    day = datetime.fromtimestamp(record.created_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    told = {
        "From": record.origin.place,
        "Read as": record.origin.kind,
        "How": _options(record.origin.options),
        "Source": record.origin.source,
        "Licence": record.origin.licence or "not known",
        "Brought in": day,
        "On the disk": in_bytes(record.bytes),
        "Version": record.fingerprint[:16],
        "Made from": (record.parent or "")[:12],
    }
    lines = [f"| {name} | {as_markdown(value)} |" for name, value in told.items() if value]
    st.markdown("\n".join(["| | |", "|---|---|", *lines]))
    st.markdown("##### Runs")
    runs = runs_of.of(looked.fingerprint)
    if not runs:
        st.caption("No run was made with this dataset yet.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{len(runs):,} runs" if len(runs) != 1 else "1 run", width="content")
        st.page_link(
            "runs.py",
            label="On the Runs page",
            icon=":material/table_rows:",
            query_params={session.RUNS_FILTER: f'data.dataset == "{looked.fingerprint}"'},
        )
    _table(runs[:_MOST])


def _options(options: object) -> str:
    return "as found out" if not options else json.dumps(options, ensure_ascii=False)


def _table(runs: Sequence[Entry]) -> None:
    frame = pd.DataFrame(
        {
            "Run": [f"/live?run={entry.id}" for entry in runs],
            "Name": [entry.name for entry in runs],
            "Status": [entry.status for entry in runs],
            "Model": [entry.facts.get("model") for entry in runs],
        }
    )
    columns = {"Run": st.column_config.LinkColumn(display_text="Open", width="small")}
    st.dataframe(
        frame, hide_index=True, column_config=columns, placeholder="–", alt="Runs of this dataset"
    )
