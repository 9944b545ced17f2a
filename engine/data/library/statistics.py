"""What is seen of a column's values while they pass by, in bounded memory."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from engine.data.library.columns import type_of
from engine.data.library.record import Column
from engine.data.library.spec import Role

MOST_DISTINCT = 10_000
"""So many different values are counted; a column with more has unknown many."""
_MOST_DISTINCT_BYTES = 4_000_000


class Seen:
    """One column's values so far."""

    def __init__(self, field: pa.Field) -> None:
        self.type = type_of(field)
        self.rows = self.missing = self.longest = self._total_length = 0
        self.least: float | None = None
        self.greatest: float | None = None
        self._distinct_bytes = 0
        countable = not self.type.startswith("list") and self.type not in ("image", "bytes")
        self.values: set[Any] | None = set() if countable else None
        """The different values; None for too many."""

    def feed(self, values: Any) -> None:
        """The next rows."""
        self.rows += len(values)
        self.missing += values.null_count
        if self.values is not None:
            self._count(values)
        if self.type == "text" or self.type.startswith("list"):
            self._measure(values)
        elif self.type in ("integer", "number"):
            self._bound(values)

    @property
    def mean_length(self) -> float:
        """Characters or items in the mean; 0 where there are none."""
        return self._total_length / max(1, self.rows - self.missing)

    def column(self, name: str, role: Role) -> Column:
        """What was seen, as a record."""
        there = self.rows - self.missing
        long = self.type == "text" or self.type.startswith("list")
        return Column(
            name=name,
            type=self.type,
            role=role,
            missing=self.missing,
            distinct=None if self.values is None else len(self.values),
            mean_length=self.mean_length if long and there else None,
            longest=self.longest if long else None,
            least=self.least,
            greatest=self.greatest,
        )

    def _count(self, values: Any) -> None:
        assert self.values is not None
        fresh = set(pc.unique(values).to_pylist()) - self.values
        fresh.discard(None)
        self.values |= fresh
        if self.type == "text":
            self._distinct_bytes += sum(map(len, fresh))
        if len(self.values) > MOST_DISTINCT or self._distinct_bytes > _MOST_DISTINCT_BYTES:
            self.values = None

    def _measure(self, values: Any) -> None:
        measure = pc.utf8_length if self.type == "text" else pc.list_value_length
        lengths = measure(values)
        self._total_length += pc.sum(lengths).as_py() or 0
        self.longest = max(self.longest, pc.max(lengths).as_py() or 0)

    def _bound(self, values: Any) -> None:
        if self.type == "number":
            values = values.filter(pc.fill_null(pc.is_finite(values), False))
        edges = pc.min_max(values).as_py()
        if edges["min"] is not None:
            low, high = float(edges["min"]), float(edges["max"])
            self.least = low if self.least is None else min(self.least, low)
            self.greatest = high if self.greatest is None else max(self.greatest, high)
