"""The rows of a dataset as a table with pages and a search; images as images."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st
from PIL import Image

from components.data import page_state
from components.data.looked_at import Looked
from engine.data.library.dataset import Dataset

_PAGE, _PAGE_OF_IMAGES = 50, 12
_MOST_FOUND, _SEARCH_S = 1_000, 3.0
_LETTERS, _SIDE_PX, _IMAGE_ROW_PX = 500, 96, 100


def show(looked: Looked) -> None:
    """Draw the search, a page of rows, and the way to other pages."""
    dataset = looked.dataset
    words = st.text_input(
        "Search rows",
        key=page_state.key("search", looked.fingerprint),
        placeholder="Words in any column",
        icon=":material/search:",
        label_visibility="collapsed",
        max_chars=200,
        width=320,
    )
    images = [column.name for column in dataset.columns if column.type == "image"]
    size = _PAGE_OF_IMAGES if images else _PAGE
    if words:
        found, searched = _found(dataset.folder.as_posix(), looked.fingerprint, words)
        if not found:
            st.info(f"Nothing in {searched:,} rows.", icon=":material/search_off:")
            return
        number = _pages(looked, len(found), size, f"found in {searched:,} rows", words)
        chosen = list(found[number * size : (number + 1) * size])
    else:
        number = _pages(looked, len(dataset), size, "rows", "")
        chosen = list(range(number * size, min(len(dataset), (number + 1) * size)))
    st.dataframe(
        _frame(dataset, chosen),
        hide_index=True,
        column_config={
            "Row": st.column_config.NumberColumn(width="small", format="localized"),
            **{name: st.column_config.ImageColumn(width="small") for name in images},
        },
        row_height=_IMAGE_ROW_PX if images else None,
        height=min(640, 40 + len(chosen) * (_IMAGE_ROW_PX if images else 35)),
        placeholder="–",
        alt="Rows of this dataset",
    )


def _pages(looked: Looked, of: int, size: int, what: str, words: str) -> int:
    """Draw which rows are shown and the buttons; the number of the page."""
    key = page_state.key("page", looked.fingerprint)
    asked, number = st.session_state.get(key, ("", 0))
    last = max(0, (of - 1) // size)
    number = min(number, last) if asked == words else 0
    st.session_state[key] = words, number
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        shown = f"{number * size + 1:,} to {min(of, (number + 1) * size):,} of {of:,} {what}"
        st.caption(shown, width="content")
        if last:
            for label, icon, to in (
                ("First", "first_page", 0),
                ("Previous", "chevron_left", number - 1),
                ("Next", "chevron_right", number + 1),
                ("Last", "last_page", last),
            ):
                st.button(
                    "",
                    key=f"{key}.{label}",
                    icon=f":material/{icon}:",
                    help=f"{label} page",
                    type="tertiary",
                    disabled=not 0 <= to <= last or to == number,
                    on_click=_turn,
                    args=(key, words, to),
                )
    return number


def _turn(key: str, words: str, number: int) -> None:
    st.session_state[key] = words, number


@lru_cache(maxsize=16)
def _found(folder: str, fingerprint: str, words: str) -> tuple[tuple[int, ...], int]:
    """The numbers of rows with the words in any column, and how many rows were looked at."""
    dataset, until = Dataset(Path(folder)), time.monotonic() + _SEARCH_S
    columns = [c.name for c in dataset.columns if c.type not in ("image", "bytes")]
    found: list[int] = []
    start = 0
    for batch in dataset.batches(columns) if columns else ():
        hits = _hits(batch, words)
        found += [start + place for place in hits]
        start += len(batch)
        if len(found) >= _MOST_FOUND or time.monotonic() > until:
            break
    return tuple(found[:_MOST_FOUND]), start


def _hits(batch: pa.RecordBatch, words: str) -> list[int]:
    anywhere: Any = None
    for column in batch.columns:
        if pa.types.is_list(column.type):
            texts = pa.array(
                [None if row is None else " ".join(map(str, row)) for row in column.to_pylist()],
                pa.string(),
            )
        else:
            texts = pc.cast(column, pa.string())
        here = pc.fill_null(pc.match_substring(texts, words, ignore_case=True), False)
        anywhere = here if anywhere is None else pc.or_(anywhere, here)
    return [] if anywhere is None else pc.indices_nonzero(anywhere).to_pylist()


def _frame(dataset: Dataset, chosen: Sequence[int]) -> pd.DataFrame:
    rows = dataset.table().take(pa.array(chosen, pa.int64()))
    shown: dict[str, Any] = {"Row": [place + 1 for place in chosen]}
    for column in dataset.columns:
        values = rows.column(column.name).to_pylist()
        shown[column.name] = [_cell(value, column.type) for value in values]
    return pd.DataFrame(shown)


def _cell(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "image":
        return thumbnail(value)
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    if isinstance(value, str) and len(value) > _LETTERS:
        return value[: _LETTERS - 1] + "…"
    return value


@lru_cache(maxsize=256)
def thumbnail(content: bytes) -> str | None:
    """A small picture as the address of an image; None for bytes that are none."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            small = image.convert("RGBA" if "A" in image.getbands() else "RGB")
            scale = _SIDE_PX / max(small.size)
            size = tuple(max(1, round(side * scale)) for side in small.size)
            small = small.resize(
                (size[0], size[1]), Image.Resampling.NEAREST if scale > 1 else None
            )
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
    written = io.BytesIO()
    small.save(written, "PNG")
    return "data:image/png;base64," + base64.b64encode(written.getvalue()).decode()
