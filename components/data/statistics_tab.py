"""What a dataset looks like as a whole: classes, lengths, numbers, and what is missing."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import streamlit as st
from plotly.graph_objects import Figure

from components.charts.distribution import named_figure, numbered_figure
from components.data import page_state
from components.data.looked_at import Looked
from components.plain_text import as_markdown
from engine.data.library.dataset import Dataset
from engine.data.library.distributions import MOST_ROWS, counted, lengths, numbers
from engine.data.library.record import Column

_BAR = {"displayModeBar": False}
_MOST_PICTURES = 12
_COUNTED = ("label", "category", "split", "group")


def show(looked: Looked) -> None:
    """Draw what is missing, then a picture for each column that one can be made of."""
    dataset = looked.dataset
    if len(dataset) > MOST_ROWS:
        st.caption(f"Pictures are of the first {MOST_ROWS:,} of {len(dataset):,} rows.")
    _missing(dataset)
    drawn = [column for column in dataset.columns if _kind(column)]
    left, right = st.columns(2, gap="medium")
    for place, column in enumerate(drawn[:_MOST_PICTURES]):
        with (left, right)[place % 2]:
            _picture(looked, column)
    if len(drawn) > _MOST_PICTURES:
        st.caption(f"{len(drawn) - _MOST_PICTURES:,} more columns are listed under Columns.")


def _missing(dataset: Dataset) -> None:
    holes = {column.name: column.missing for column in dataset.columns if column.missing}
    if not holes:
        st.caption("No value is missing.")
        return
    parts = [
        f"{as_markdown(name)} {count:,} ({count / max(1, len(dataset)):.1%})"
        for name, count in sorted(holes.items(), key=lambda pair: -pair[1])[:10]
    ]
    st.markdown("**Missing values:** " + ", ".join(parts) + ".")


def _kind(column: Column) -> str:
    """What is drawn of a column; empty for nothing."""
    if column.role in _COUNTED or column.type == "boolean":
        return "" if column.type in ("image", "bytes") else "counts"
    if column.type == "text" or column.type.startswith("list"):
        return "lengths"
    return "numbers" if column.type in ("integer", "number") else ""


def _picture(looked: Looked, column: Column) -> None:
    dataset = looked.dataset
    figure, note = _figure(
        dataset.folder.as_posix(), dataset.fingerprint, column.name, column.role, _kind(column)
    )
    st.markdown(f"##### {as_markdown(column.name)}")
    if note:
        st.caption(note)
    st.plotly_chart(
        figure,
        key=page_state.key(f"chart.{column.name}", dataset.fingerprint),
        config=_BAR,
        alt=f"Distribution of {column.name}",
    )


@lru_cache(maxsize=64)
def _figure(folder: str, fingerprint: str, column: str, role: str, kind: str) -> tuple[Figure, str]:
    dataset = Dataset(Path(folder))
    if kind == "counts":
        found = counted(dataset, column)
        many = f" {found.others:,} more values are rarer." if found.others else ""
        note = f"How many rows have each {role}.{many}"
        if role == "label" and found.counts and not found.others:
            note += f" {_balance(found.counts)}"
        return named_figure(found.names, found.counts, "rows"), note
    if kind == "lengths":
        words = dataset.column_types[column] != "text"
        what = "items" if words else "characters"
        edges, counts = lengths(dataset, column)
        return numbered_figure(edges, counts, what, "rows"), ""
    edges, counts = numbers(dataset, column)
    return numbered_figure(edges, counts, column[:60], "rows"), ""


def _balance(counts: list[int]) -> str:
    times = max(counts) / max(1, min(counts))
    if times < 1.5:
        return "The classes are balanced."
    return f"The most frequent class has {times:.3g} times the rows of the rarest."
