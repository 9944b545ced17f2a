"""What checks look at: the rows of a dataset with what its columns are for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.data.library.dataset import Dataset
from engine.data.library.library import DataLibrary
from engine.data.library.spec import DatasetSpec, Role
from engine.data.library.splits import TRAIN, UNUSED, VAL, Keys, Sides
from engine.data.preparation.rows import hashes, rows_of
from engine.data.progress import Progress, silent
from engine.data.quality.report import Limits

if TYPE_CHECKING:
    from engine.data.quality.pictures import Look

INPUTS: tuple[Role, ...] = ("text", "image", "number", "category")
ANSWERS: tuple[Role, ...] = ("label", "target")
_EXCERPT, _CELL = 160, 24
_BATCH_ROWS = 8192
_IMAGE_ROWS = 256
_MISSING = np.uint64(0x9E3779B97F4A7C15)

Groups = NDArray[np.int64]
"""For each row a number that the rows of one group share."""


@dataclass
class Subject:
    """One version of a dataset, as it would be trained with."""

    dataset: Dataset
    data: DatasetSpec | None
    """None where its task is not known: then there is no split either."""
    limits: Limits
    runs: Path
    progress: Progress = silent

    def __len__(self) -> int:
        return len(self.dataset)

    def of_role(self, *roles: Role) -> list[str]:
        """The columns with one of these roles, in their order."""
        return [name for name, role in self.roles.items() if role in roles]

    @cached_property
    def roles(self) -> dict[str, Role]:
        """What columns are for; those of a task where that is known."""
        if self.data is not None:
            return {column.name: self.data.columns.get(column.name, "ignore") for column in self}
        return {column.name: column.role for column in self}

    def __iter__(self) -> Iterator[Any]:
        return iter(self.dataset.columns)

    def typed(self, names: list[str], *types: str) -> list[str]:
        """Those of these columns that have one of the types."""
        return [name for name in names if self.dataset.column_types[name] in types]

    @property
    def runs_on(self) -> bool:
        """Whether its rows are lines of a text that goes on: they repeat, and none is to go."""
        lm = self.data is None or self.data.task in ("causal-lm", "masked-lm")
        return lm and self.dataset.record.origin.kind == "text"

    def batches(self, names: list[str]) -> Iterator[tuple[int, Any]]:
        """Batches of some columns, with the number of their first row."""
        done = 0
        images = self.typed(names, "image", "bytes")
        for batch in self.dataset.batches(names, most_rows=_IMAGE_ROWS if images else _BATCH_ROWS):
            yield done, batch
            done += len(batch)
            self.progress(f"Checking {self.dataset.name}", done, len(self))

    @cached_property
    def inputs(self) -> Keys:
        """A number from the inputs of each row; the same for the same inputs."""
        return self.keys(self.of_role(*INPUTS))

    def keys(self, names: list[str]) -> Keys:
        """A number from some columns of each row."""
        found = np.zeros(len(self), np.uint64)
        for start, batch in self.batches(names):
            keys = found[start : start + len(batch)]
            for values in batch.columns:
                keys *= np.uint64(1_000_003)
                keys ^= hashes(values)
                if values.null_count:
                    gone = pc.is_null(values).to_numpy(zero_copy_only=False)
                    keys[gone] ^= _MISSING
        return found

    @cached_property
    def complete(self) -> NDArray[np.bool_]:
        """Rows that have something in an input, so that they can be compared."""
        found = np.zeros(len(self), bool)
        for start, batch in self.batches(self.of_role(*INPUTS)):
            for values in batch.columns:
                there = ~blank(values).to_numpy(zero_copy_only=False)
                found[start : start + len(batch)] |= there
        return found

    @cached_property
    def sides(self) -> Sides | None:
        """For each row whether it is trained on or held out; None without a known task.

        Raises:
            DataRefused, BadInput: when the rows cannot be divided as the spec says.
        """
        if self.data is None:
            return None
        root = DataLibrary(self.runs).prepared(self.dataset.fingerprint)
        rows = rows_of(self.data, self.dataset, root, self.progress)
        found = np.full(len(self), UNUSED, np.int8)
        found[rows.train], found[rows.val] = TRAIN, VAL
        return found

    @cached_property
    def alike(self) -> tuple[Groups, int]:
        """Groups of texts that are the same or hardly differ, and how many were compared."""
        from engine.data.quality.similar import alike  # late: scipy takes long to import

        return alike(self)

    @cached_property
    def looks(self) -> list[Look | str | None] | None:
        """What each image is like, "broken", or None for none; None without a column of images."""
        from engine.data.quality.pictures import looks  # late: it looks at subjects

        return looks(self)

    def excerpt(self, row: int) -> str:
        """How a row is shown in few words."""
        shown = self.of_role(*INPUTS, *ANSWERS) or [column.name for column in self]
        [values] = self.dataset.table(shown).slice(row, 1).to_pylist()
        most = max(_CELL, _EXCERPT // len(values))
        cells = (f"{name}: {_cell(value, most)}" for name, value in values.items())
        return _cut("; ".join(cells), 2 * _EXCERPT)


def blank(values: Any) -> Any:
    """Which values are missing or hold nothing but space."""
    if pa.types.is_string(values.type):
        return pc.or_kleene(
            pc.is_null(values), pc.fill_null(pc.equal(pc.utf8_trim_whitespace(values), ""), True)
        )
    if pa.types.is_list(values.type):
        return pc.equal(pc.fill_null(pc.list_value_length(values), 0), 0)
    if pa.types.is_binary(values.type):
        return pc.equal(pc.fill_null(pc.binary_length(values), 0), 0)
    if pa.types.is_floating(values.type):
        return pc.invert(pc.fill_null(pc.is_finite(values), False))
    return pc.is_null(values)


def _cell(value: object, most: int) -> str:
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    return "missing" if value is None else _cut(" ".join(str(value)[: 4 * most].split()), most)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
