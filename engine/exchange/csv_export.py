"""Points as a table of text: run, metric, step, time, value; a row a point."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path

from engine.exchange.selection import Selected

FILE = "points.csv"
COLUMNS = ("run", "metric", "step", "time", "value")
_WORDS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def write_csv(selected: Sequence[Selected], folder: Path) -> int:
    """Every digit is kept; an unknown time is an empty cell. How many points it were."""
    points = 0
    with (folder / FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for one in selected:
            for metric, series in one.blocks():
                times = ["" if math.isnan(time) else repr(time) for time in series.time.tolist()]
                rows = zip(series.step.tolist(), times, series.value.tolist(), strict=True)
                writer.writerows(
                    (one.run.id, metric, step, time, _shown(value)) for step, time, value in rows
                )
                points += len(times)
    return points


def _shown(value: float) -> str:
    text = repr(value)
    return _WORDS.get(text, text)
