"""The points of one run of a table, made of its rows."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from engine.exchange.csv_columns import Layout
from engine.exchange.foreign import Facts, Points, Unreadable, known_time, plain_name

_MILLISECONDS = 1e11
"""A time above it is not in seconds but in milliseconds."""
_MOST_STEPS = 2**53
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", re.I | re.A)


class Table:
    """Makes points of rows."""

    def __init__(self, place: str, layout: Layout, run: str, strict: bool) -> None:
        self.points = Points()
        self.texts: set[str] = set()
        """Columns without numbers, found by their first cell."""
        self._place, self._layout, self._strict = place, layout, strict
        self._numbers: set[str] = set()
        mine = run if layout.run is None else ""  # else the rows, not the columns, tell the run
        self._wide = [(column, plain_name(name)) for column, of, name in layout.wide if of == mine]

    def remarks(self) -> Iterator[Facts]:
        """What was left out of the table, if anything was."""
        if self.texts:
            left = ", ".join(sorted(self.texts)[:10])
            yield Facts(remarks=(f"Left out, as they hold no numbers: {left}.",))

    def keep(self, line: int, cells: Sequence[str]) -> bool:
        """Keep the points of a row; True when many are held."""
        layout = self._layout
        step = self._step(line, cells[layout.step])
        time = math.nan if layout.time is None else self._time(line, cells[layout.time])
        if layout.metric is not None and layout.value is not None:
            value = self._number(line, "value", cells[layout.value])
            return self.points.add(plain_name(cells[layout.metric]), step, time, value)
        full = False
        for column, metric in self._wide:
            cell = cells[column].strip()
            if cell and not self._is_text(metric, cell):
                full |= self.points.add(metric, step, time, self._number(line, metric, cell))
        return full

    def _is_text(self, metric: str, cell: str) -> bool:
        """Whether a column holds texts: it begins with one, and nobody asked for it."""
        if metric in self._numbers or self._strict:
            return False
        if metric not in self.texts:
            (self._numbers if _NUMBER.fullmatch(cell) else self.texts).add(metric)
        return metric in self.texts

    def _step(self, line: int, cell: str) -> int:
        value = self._number(line, "step", cell)
        if not value.is_integer() or abs(value) > _MOST_STEPS:
            raise self._wrong(line, "the step is not a whole number", cell)
        return int(value)

    def _number(self, line: int, what: str, cell: str) -> float:
        text = cell.strip()
        if not _NUMBER.fullmatch(text):
            raise self._wrong(line, f"{what} is not a number", cell)
        return float(text)

    def _time(self, line: int, cell: str) -> float:
        text = cell.strip()
        if not text:
            return math.nan
        try:
            if _NUMBER.fullmatch(text):
                seconds = float(text)
                return known_time(seconds / 1000 if seconds > _MILLISECONDS else seconds)
            moment = datetime.fromisoformat(text)
        except (ValueError, OverflowError):
            raise self._wrong(line, "the time is neither seconds nor a date", cell) from None
        return known_time((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())

    def _wrong(self, line: int, reason: str, cell: str) -> Unreadable:
        return Unreadable(f"{self._place}, line {line:,}", f"{reason} (got {cell[:60]!r})")
