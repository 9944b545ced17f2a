"""How often values of a column occur, and how long they are. Counted in bounded memory."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.data.library.dataset import Dataset

MOST_ROWS = 1_000_000
"""Only so many of the first rows are counted."""
_MOST_NAMES = 100_000
_BINS = 40


class Counts(NamedTuple):
    """Values, the most frequent first, and how often each occurs."""

    names: list[str]
    counts: list[int]
    others: int
    """Different values beyond those."""


class Histogram(NamedTuple):
    """Numbers in stretches of equal width."""

    edges: list[float]
    counts: list[int]


def counted(dataset: Dataset, column: str, most: int = 25) -> Counts:
    """How often each value of a column (each item of its lists) occurs; missing ones left out."""
    found: Counter[str] = Counter()
    for values in _pieces(dataset, column):
        flat = values.flatten() if pa.types.is_list(values.type) else values
        for pair in pc.value_counts(flat.drop_null()).to_pylist():
            found[str(pair["values"])] += pair["counts"]
        if len(found) > _MOST_NAMES:
            found = Counter(dict(found.most_common(_MOST_NAMES // 2)))
    ranked = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    shown = ranked[:most]
    return Counts([n for n, _ in shown], [c for _, c in shown], len(ranked) - len(shown))


def lengths(dataset: Dataset, column: str) -> Histogram:
    """How long texts (in characters) or lists (in items) are."""
    found = [_length(values) for values in _pieces(dataset, column)]
    return histogram(np.concatenate(found) if found else np.zeros(0), whole=True)


def numbers(dataset: Dataset, column: str) -> Histogram:
    """How the finite numbers of a column are distributed."""
    found = [
        np.asarray(pc.cast(values.drop_null(), pa.float64())) for values in _pieces(dataset, column)
    ]
    every = np.concatenate(found) if found else np.zeros(0)
    whole = dataset.column_types[column] == "integer"
    return histogram(every[np.isfinite(every)], whole=whole)


def _pieces(dataset: Dataset, column: str) -> Any:
    left = MOST_ROWS
    for batch in dataset.batches([column]):
        if left <= 0:
            return
        yield batch.column(0).slice(0, left)
        left -= len(batch)


def _length(values: Any) -> Any:
    measure = pc.list_value_length if pa.types.is_list(values.type) else pc.utf8_length
    return np.asarray(pc.fill_null(measure(values), 0), np.int64)


def histogram(values: Any, *, whole: bool) -> Histogram:
    """How numbers are distributed; stretches of whole ones all hold equally many of them."""
    if not len(values):
        return Histogram([], [])
    low, high = float(values.min()), float(values.max())
    if whole:  # bins of whole numbers, each as wide as the others
        width = max(1, int(np.ceil((high - low + 1) / _BINS)))
        edges = np.arange(low - 0.5, high + width + 0.5, width)
        if edges[-1] < high + 0.5:
            edges = np.append(edges, edges[-1] + width)
    else:
        edges = np.histogram_bin_edges(values, _BINS, (low, high if high > low else low + 1))
    counts, edges = np.histogram(values, edges)
    return Histogram(edges.tolist(), counts.tolist())
