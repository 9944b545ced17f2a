"""How well several runs recognise each class: one table, a column a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd
from pandas.io.formats.style import Styler

from components.comparison.metric_frames import BEST, styled
from engine.runs.evaluations import ClassTable, Share

MEASURES: dict[str, Callable[[ClassTable], tuple[Share, ...]]] = {
    "F1": lambda table: table.f1,
    "Precision": lambda table: table.precision,
    "Recall": lambda table: table.recall,
}


def class_frame(tables: Mapping[str, ClassTable], measure: str) -> pd.DataFrame:
    """A row a class that any run knows, a column a run; what is not known is missing."""
    names = list(dict.fromkeys(name for table in tables.values() for name in table.name))
    columns: dict[str, object] = {"Class": names}
    for heading, table in tables.items():
        shares = dict(zip(table.name, MEASURES[measure](table), strict=True))
        column = heading if heading != "Class" else f"{heading} (run)"
        columns[column] = pd.Series([shares.get(name) for name in names], dtype="float64")
    return pd.DataFrame(columns)


def marked(tables: Mapping[str, ClassTable], measure: str) -> tuple[Styler, int]:
    """The table with the best run of each class marked where they differ, and its rows."""
    frame = class_frame(tables, measure)
    runs = list(frame.columns)[1:]
    top, low = frame[runs].max(axis=1), frame[runs].min(axis=1)
    cells = {
        run: {
            row: BEST
            for row, share in enumerate(frame[run])
            if share == top[row] and top[row] > low[row]
        }
        for run in runs
    }
    return styled(frame, cells), len(frame)
