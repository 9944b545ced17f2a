"""Which classes were taken for which, and how well each is recognised."""

from __future__ import annotations

import html

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from engine.runs.evaluations import ClassTable, LabelTable

MOST_WITH_COUNTS = 20
"""With more classes the counts no longer fit into their cells."""
_SCALES = {False: ("#f3f5f8", "#0c5fb0"), True: ("#1c222b", "#4fa3f0")}
"""From never to always, on a light and on a dark page."""
_LONGEST_NAME = 18
_LETTER = 7
"""Pixels of a letter beside the matrix, about."""
_CELL, _SMALL_CELL = 32, 14
"""Pixels of the side of a cell, with a count in it and without."""
_BAR = 46
"""Pixels of the bar with the colours, above."""
_COLORS = {
    "orientation": "h",
    "y": 1,
    "yanchor": "bottom",
    "thickness": 8,
    "outlinewidth": 0,
    "tickvals": [0, 0.5, 1],
    "tickformat": ".0%",
}
"""The bar above, which takes no width from the cells."""
_HOVER = "%{customdata[0]} taken for %{customdata[1]}: %{text} (%{z:.1%})<extra></extra>"


def confusion_figure(matrix: np.ndarray, names: list[str], *, dark: bool) -> go.Figure:
    """True classes as rows, predicted ones as columns; the colour is the share of the row.

    A class without samples has an empty row.
    """
    support = matrix.sum(axis=1, keepdims=True)
    shares = np.divide(matrix, support, out=np.full(matrix.shape, np.nan), where=support > 0)
    places = list(range(len(names)))
    whole = np.array([plain(name) for name in names])
    cell = _CELL if len(names) <= MOST_WITH_COUNTS else _SMALL_CELL
    side = max(160, cell * len(names))
    heat = go.Heatmap(
        x=places,
        y=places,
        z=shares,
        zmin=0,
        zmax=1,
        xgap=1,
        ygap=1,
        colorscale=[[0, _SCALES[dark][0]], [1, _SCALES[dark][1]]],
        colorbar=_COLORS,
        text=matrix,
        texttemplate="%{text}" if len(names) <= MOST_WITH_COUNTS else "",
        customdata=np.stack(np.broadcast_arrays(whole[:, None], whole[None, :]), axis=-1),
        hovertemplate=_HOVER,
        hoverongaps=False,
    )
    beside = 44 + _LETTER * max((len(_cut(name)) for name in names), default=0)
    ticks = {"tickvals": places, "ticks": "", "showgrid": False, "zeroline": False}
    rows = [
        _short(name) + ("" if n else " –") for name, n in zip(names, support[:, 0], strict=True)
    ]
    return go.Figure(heat).update_layout(
        width=beside + side,
        height=side + beside + _BAR,
        margin={"l": 0, "r": 0, "t": _BAR, "b": 0},
        xaxis=ticks | {"ticktext": [_short(name) for name in names], "title": "predicted"},
        yaxis=ticks | {"ticktext": rows, "title": "true", "autorange": "reversed"},
    )


def class_frame(table: ClassTable) -> pd.DataFrame:
    """A row for each class or label; what is not known is missing."""
    columns: dict[str, object] = {
        "Class": list(table.name),
        "Precision": _floats(table.precision),
        "Recall": _floats(table.recall),
        "F1": _floats(table.f1),
        "Samples": list(table.support),
    }
    if isinstance(table, LabelTable):
        columns |= {
            "Found": list(table.true_positive),
            "Missed": list(table.false_negative),
            "Given wrongly": list(table.false_positive),
            "Rightly left out": list(table.true_negative),
        }
    return pd.DataFrame(columns)


def plain(text: str) -> str:
    """Text that Plotly shows as it is and not as HTML."""
    return html.escape(text, quote=False)


def _short(name: str) -> str:
    return plain(_cut(name))


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _floats(values: tuple[float | None, ...]) -> pd.Series[float]:
    return pd.Series(values, dtype="float64")
