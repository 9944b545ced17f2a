"""Labels as numbers: the names of the classes, and for each row which of them."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.data.library.dataset import Dataset
from engine.data.library.errors import DataRefused
from engine.data.library.spec import DatasetSpec

MOST_CLASSES = 5_000
_TRUE = {"1", "1.0", "true", "yes"}
_FALSE = {"0", "0.0", "false", "no"}


def class_names(data: DatasetSpec, dataset: Dataset) -> tuple[str, ...] | None:
    """The names of all classes or labels of the whole dataset; None for a task without any.

    Raises:
        DataRefused: for one class only, and for far too many.
    """
    columns = data.of_role("label")
    if not data.task.endswith("classification"):
        return None
    if len(columns) > 1:
        return tuple(columns)  # a column of yes or no for each label
    found: set[str] = set()
    for batch in dataset.batches(columns):
        found |= set(pc.unique(_flat(batch.column(0), data.separator)).to_pylist())
        if len(found) > MOST_CLASSES:
            raise DataRefused(
                dataset.name,
                f"the label column {columns[0]!r} has more than {MOST_CLASSES:,} different values",
                "Choose another column, or make it a target.",
            )
    names = sorted(found - {None, ""}, key=_natural)
    if len(names) < 2:
        what = f"one class only, {names[0]!r}" if names else "no labels at all"
        raise DataRefused(
            dataset.name,
            f"the label column {columns[0]!r} has {what}",
            "Choose another column, or bring in rows of other classes.",
        )
    return tuple(names)


def class_numbers(values: Any, classes: tuple[str, ...]) -> NDArray[np.int64]:
    """The number of each row's class; -1 where there is none."""
    found = pc.index_in(texts_of(values), value_set=pa.array(classes, pa.string()))
    return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), np.int64)


def label_lists(batch: pa.RecordBatch, data: DatasetSpec, classes: tuple[str, ...]) -> list[Any]:
    """For each row the numbers of its labels (of words: a number or None for each); None where
    the label is missing."""
    columns = data.of_role("label")
    if len(columns) > 1:
        return _flags(batch, columns)
    number = {name: place for place, name in enumerate(classes)}
    values = batch.column(batch.schema.get_field_index(columns[0]))
    rows = _listed(values, data.separator).to_pylist()
    if data.task == "token-classification":
        return [row and [number.get(_text(name)) for name in row] for row in rows]
    return [
        None if row is None else sorted({number[_text(name)] for name in row if name})
        for row in rows
    ]


def texts_of(values: Any) -> Any:
    """Labels of any type as the texts that stand for them."""
    if pa.types.is_floating(values.type):
        with contextlib.suppress(pa.ArrowInvalid):  # classes such as 0.5
            values = pc.cast(values, pa.int64())
    return pc.cast(values, pa.string())


def _listed(values: Any, separator: str) -> Any:
    if pa.types.is_list(values.type):
        return values
    if separator:
        return pc.split_pattern(texts_of(values), pattern=separator)
    return pa.array([None if v is None else [v] for v in texts_of(values).to_pylist()])


def _flat(values: Any, separator: str) -> Any:
    if pa.types.is_list(values.type):
        return texts_of(values.flatten())
    if separator:
        return pc.utf8_trim_whitespace(pc.split_pattern(texts_of(values), separator).flatten())
    return texts_of(values)


def _flags(batch: pa.RecordBatch, columns: list[str]) -> list[Any]:
    """Rows of columns that say yes or no."""
    found: list[Any] = [[] for _ in range(len(batch))]
    for number, name in enumerate(columns):
        for row, value in enumerate(texts_of(batch.column(name)).to_pylist()):
            said = str(value).lower()
            if said in _TRUE and found[row] is not None:
                found[row].append(number)
            elif value is None:
                found[row] = None
            elif said not in _FALSE | _TRUE:
                raise DataRefused(
                    f"column {name!r}",
                    f"says neither yes nor no for its label, but {value!r}",
                    "Several label columns hold 0 or 1, true or false.",
                )
    return found


def _text(value: object) -> str:
    return str(value).strip()


def _natural(name: str) -> tuple[int, float, str]:
    """Numbers in their order, before other names."""
    try:
        return 0, float(name), name
    except ValueError:
        return 1, 0.0, name
