"""QueryError: what is wrong with a query, and where."""

from __future__ import annotations

import unicodedata

from engine.errors import BadInput, Problem

_MOST_SHOWN = 60


class QueryError(BadInput):
    """A query that cannot be understood."""

    def __init__(self, text: str, column: int, message: str, remedy: str = "") -> None:
        place = f"query, column {column + 1}"
        super().__init__([Problem(place, message, remedy=remedy)])
        self.text = text
        self.column = column
        """Where it goes wrong; 0 is the first character."""

    @property
    def pointed(self) -> str:
        """Two lines: the query about the place that is wrong, and a caret below it."""
        start = max(0, self.column - _MOST_SHOWN // 2)
        shown = self.text[start : start + _MOST_SHOWN]
        line = "".join(" " if char.isspace() else char for char in shown)
        before = "…" if start else ""
        behind = "…" if start + _MOST_SHOWN < len(self.text) else ""
        width = sum(map(_cells, before + line[: self.column - start]))
        return f"{before}{line}{behind}\n{' ' * width}^"


def _cells(char: str) -> int:
    """How many columns a character takes."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
