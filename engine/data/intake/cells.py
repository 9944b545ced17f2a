"""Columns of texts that may be numbers: what each is, and its values as that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from engine.data.library.columns import ARROW, ColumnType, field_of
from engine.data.library.errors import DataRefused

MOSTLY = 0.9
"""A column of so many numbers is meant to be one of numbers, so that a text in it is a fault."""
_MIN_ROWS = 20
"""So many values must be there before somebody is asked about a few odd ones."""
_CANDIDATES: tuple[ColumnType, ...] = ("integer", "number", "boolean", "time")
_LEADING_ZERO = r"^\s*[+-]?0[0-9]"
_NUMBER = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"


class Guess:
    """What the texts of one column are, as far as they were seen."""

    def __init__(self, name: str, missing: Sequence[str]) -> None:
        self.name = name
        self._missing = pa.array(list(missing), pa.string())
        self._candidates = list(_CANDIDATES)
        self._rows = self._there = self._numbers = 0
        self._odd: tuple[int, str] | None = None
        """The first row with a value that is no number, and that value."""
        self._counts_numbers = True

    @property
    def settled(self) -> bool:
        """Whether nothing can change any more: it is text."""
        return not self._candidates and not self._counts_numbers

    def feed(self, values: Any) -> None:
        """The next rows."""
        first_row = self._rows + 1
        self._rows += len(values)
        if self.settled:
            return
        absent = pc.is_in(values, value_set=self._missing)
        there = values.filter(pc.invert(absent))
        self._there += len(there)
        if not len(there):
            return
        self._candidates = [kind for kind in self._candidates if _fits(there, kind)]
        if self._candidates and self._candidates[0] in ("integer", "number"):
            self._numbers += len(there)
        elif self._counts_numbers:
            self._count(values, absent, first_row)

    def type(self, mixed: str) -> ColumnType:
        """What the column is; ``mixed``: whether some texts among numbers make it one of texts.

        Raises:
            DataRefused: for a few texts among numbers.
        """
        if self._candidates and self._there:
            return self._candidates[0]
        if mixed == "stop" and self._seems_mixed():
            assert self._odd is not None
            row, value = self._odd
            raise DataRefused(
                f"column {self.name!r}",
                f"has {self._numbers:,} numbers and {self._there - self._numbers:,} other values, "
                f"the first in row {row:,}: {_shown(value)}",
                "Name what stands for a missing value, or take the column as texts (mixed = text).",
            )
        return "text"

    def converted(self, values: Any, kind: ColumnType) -> Any:
        """Rows as values of that type, missing ones null."""
        if kind == "text":
            return pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)
        absent = pc.is_in(values, value_set=self._missing)
        cleared = pc.if_else(absent, pa.scalar(None, pa.string()), values)
        return pc.cast(pc.utf8_trim_whitespace(cleared), ARROW[kind])

    def _seems_mixed(self) -> bool:
        return (
            self._odd is not None
            and self._there >= _MIN_ROWS
            and self._numbers >= MOSTLY * self._there
        )

    def _count(self, values: Any, absent: Any, first_row: int) -> None:
        """How many are numbers; given up where most are not."""
        number = pc.match_substring_regex(values, _NUMBER)
        odd = pc.and_not(pc.invert(number), absent)
        self._numbers += pc.sum(pc.and_not(number, absent)).as_py() or 0
        if self._odd is None:
            place = pc.index(odd, True).as_py()
            if place >= 0:
                self._odd = first_row + place, values[place].as_py()
        if self._numbers < MOSTLY * self._there / 2:
            self._counts_numbers = False


def typed(
    names: Sequence[str],
    guesses: Sequence[Guess],
    mixed: str,
    batches: Callable[[], Iterator[Sequence[Any]]],
) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Columns of texts as columns of their types."""
    kinds = [guess.type(mixed) for guess in guesses]
    schema = pa.schema([field_of(name, kind) for name, kind in zip(names, kinds, strict=True)])

    def converted() -> Iterator[pa.RecordBatch]:
        for columns in batches():
            arrays = [
                guess.converted(values, kind)
                for guess, values, kind in zip(guesses, columns, kinds, strict=True)
            ]
            yield pa.record_batch(arrays, schema=schema)

    return schema, converted()


def distinct_names(names: Sequence[str]) -> list[str]:
    """Names of columns that differ, as near to those given as can be."""
    found: list[str] = []
    for place, given in enumerate(names):
        name = given.strip() or f"column {place + 1}"
        shown, copy = name, 1
        while shown in found:
            copy += 1
            shown = f"{name} ({copy})"
        found.append(shown)
    return found


def _fits(values: Any, kind: ColumnType) -> bool:
    if kind in ("integer", "number"):
        values = pc.utf8_trim_whitespace(values)
        if pc.any(pc.match_substring_regex(values, _LEADING_ZERO)).as_py():
            return False  # a postal code or a number of an article: its zeros mean something
    try:
        pc.cast(values, ARROW[kind])
    except pa.ArrowInvalid:
        return False
    return True


def _shown(value: str) -> str:
    return repr(value if len(value) <= 40 else value[:37] + "...")
