"""Columns of a table as numbers, standardised by the training rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.data.library.dataset import Dataset
from engine.data.library.errors import DataRefused
from engine.data.library.spec import DatasetSpec
from engine.data.preparation.answers import class_numbers, texts_of
from engine.data.preparation.arrays import Side, side_arrays
from engine.data.preparation.rows import Rows
from engine.data.progress import Progress
from engine.data.specs import DataFacts

MOST_CATEGORIES = 1_000
"""So many different values make a category; a column of more is a name or a text."""
MOST_FEATURES = 20_000
LARGEST = 1e100
"""A larger number is no measurement, and its square soon cannot be written down."""
_MISSING = "(missing)"


@dataclass(frozen=True)
class Numbers:
    """A column of numbers and what is known of its training rows."""

    name: str
    mean: float
    std: float

    @property
    def features(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def means(self) -> tuple[float, ...]:
        return (self.mean,)

    @property
    def stds(self) -> tuple[float, ...]:
        return (self.std,)

    def fill(self, values: Any, into: NDArray[np.float32]) -> None:
        """Values less the mean in standard deviations; missing ones are the mean."""
        numbers = _numbers(values)
        into[:, 0] = np.nan_to_num((numbers - self.mean) / self.std, nan=0.0)


@dataclass(frozen=True)
class Categories:
    """A column of names and those that its training rows have."""

    name: str
    known: tuple[str, ...]
    one_hot: bool

    @property
    def features(self) -> tuple[str, ...]:
        if not self.one_hot:
            return (self.name,)
        return tuple(f"{self.name} = {value}" for value in self.known)

    @property
    def means(self) -> tuple[float, ...]:
        return (0.0,) * len(self.features)

    @property
    def stds(self) -> tuple[float, ...]:
        return (1.0,) * len(self.features)

    def fill(self, values: Any, into: NDArray[np.float32]) -> None:
        """Zeros and a one, or the category's number from 1; one that is not known is zero."""
        places = pc.index_in(_names(values), value_set=pa.array(self.known, pa.string()))
        numbers = pc.fill_null(places, -1).to_numpy(zero_copy_only=False)
        if not self.one_hot:
            into[:, 0] = numbers + 1
            return
        into[:] = 0
        known = np.flatnonzero(numbers >= 0)
        into[known, numbers[known]] = 1


Feature = Numbers | Categories


def prepare(
    data: DatasetSpec, dataset: Dataset, rows: Rows, folder: Path, progress: Progress
) -> DataFacts:
    """Write the arrays of both sides, and say what is known of them.

    Raises:
        DataRefused: for missing values that are to be refused, and for far too many categories.
    """
    if data.table.missing == "refuse":
        _refuse_missing(data, dataset)
    features, target = _fitted(data, dataset, rows.train, progress)
    width = sum(len(feature.features) for feature in features)
    if width > MOST_FEATURES:
        raise DataRefused(
            dataset.name,
            f"its columns become {width:,} numbers a row, more than {MOST_FEATURES:,}",
            "Ignore columns with many categories, or use their indices.",
        )
    for side, chosen in (("train", rows.train), ("val", rows.val)):
        shapes = {"inputs": (width,), "targets": ()}
        types = {"inputs": np.float32, "targets": np.float32 if target else np.int64}
        with side_arrays(folder, Side(side, len(chosen)), shapes, types) as arrays:
            for start, batch in taken(dataset, chosen, [*_inputs(data), *_answers(data)]):
                inputs = np.empty((len(batch), width), np.float32)
                _fill(features, batch, inputs)
                arrays["inputs"].append(inputs)
                arrays["targets"].append(_targets(data, batch, rows, target))
                progress(f"Preparing {dataset.name}", start, len(chosen))
    return DataFacts(
        modality="table",
        task=data.task,
        train_samples=len(rows.train),
        val_samples=len(rows.val),
        classes=None if target else rows.classes,
        features=tuple(name for feature in features for name in feature.features),
        feature_means=tuple(mean for feature in features for mean in feature.means),
        feature_stds=tuple(std for feature in features for std in feature.stds),
        target_name=target.name if target else None,
        target_mean=target.mean if target else None,
        target_std=target.std if target else None,
    )


def taken(
    dataset: Dataset, rows: NDArray[np.integer], columns: list[str], most: int = 8192
) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Some rows in their order, in batches of bounded size, each after its place among them."""
    begin = start = 0
    for batch in dataset.batches(columns, most_rows=most):
        edge = rows.dtype.type(begin + len(batch))  # of another type all rows would be converted
        last = int(np.searchsorted(rows, edge))
        if last > start:
            yield start, batch.take(pa.array(rows[start:last] - rows.dtype.type(begin)))
        begin, start = begin + len(batch), last


def _inputs(data: DatasetSpec) -> list[str]:
    return data.of_role("number", "category")


def _answers(data: DatasetSpec) -> list[str]:
    return data.of_role("target" if data.task == "tabular-regression" else "label")


def _fill(features: list[Feature], batch: pa.RecordBatch, into: NDArray[np.float32]) -> None:
    place = 0
    for feature in features:
        width = len(feature.features)
        feature.fill(batch.column(feature.name), into[:, place : place + width])
        place += width


def _targets(
    data: DatasetSpec, batch: pa.RecordBatch, rows: Rows, target: Numbers | None
) -> NDArray[Any]:
    values = batch.column(_answers(data)[0])
    if target is not None:
        return (_numbers(values) - target.mean) / target.std
    assert rows.classes is not None
    return class_numbers(values, rows.classes)


def _fitted(
    data: DatasetSpec, dataset: Dataset, train: NDArray[np.integer], progress: Progress
) -> tuple[list[Feature], Numbers | None]:
    """What is to be known of the training rows, in one pass."""
    target = data.of_role("target")[:1] if data.task == "tabular-regression" else []
    seen = {name: _Seen(name, data.columns[name]) for name in (*_inputs(data), *target)}
    for start, batch in taken(dataset, train, list(seen)):
        for name, column in seen.items():
            column.feed(batch.column(name), dataset.name)
        progress(f"Looking at {dataset.name}", start, len(train))
    one_hot = data.table.categories == "one-hot"
    features = [seen[name].feature(one_hot) for name in _inputs(data)]
    return features, seen[target[0]].numbers() if target else None


class _Seen:
    """One column of the training rows, as far as they were seen: mean and squares are merged batch
    by batch (Chan and others, 1979), which loses no digits as plain sums of squares do."""

    def __init__(self, name: str, role: str) -> None:
        self.name, self._is_category = name, role == "category"
        self._known: set[str] = set()
        self._count, self._mean, self._squares = 0, 0.0, 0.0

    def feed(self, values: Any, dataset: str) -> None:
        """The next rows.

        Raises:
            DataRefused: for far too many categories, and numbers that cannot be squared.
        """
        if not self._is_category:
            self._merge(_numbers(values), dataset)
            return
        self._known |= set(pc.unique(_names(values)).to_pylist())
        if len(self._known) > MOST_CATEGORIES:
            raise DataRefused(
                dataset,
                f"the column {self.name!r} has more than {MOST_CATEGORIES:,} categories",
                "Ignore it, or make it a text or a group.",
            )

    def feature(self, one_hot: bool) -> Feature:
        if self._is_category:
            return Categories(self.name, tuple(sorted(self._known)), one_hot)
        return self.numbers()

    def numbers(self) -> Numbers:
        """A column that is constant keeps its unit."""
        std = (self._squares / max(1, self._count)) ** 0.5
        return Numbers(self.name, self._mean, std if std > 0 else 1.0)

    def _merge(self, values: NDArray[np.float64], dataset: str) -> None:
        there = values[np.isfinite(values)]
        if not len(there):
            return
        largest = float(np.abs(there).max())
        if largest > LARGEST:
            raise DataRefused(
                dataset,
                f"the column {self.name!r} has a number as large as {largest:.3g}",
                f"Mend the rows with more than {LARGEST:g}, or ignore the column.",
            )
        mean, count = float(there.mean()), self._count + len(there)
        apart = mean - self._mean
        self._squares += float(((there - mean) ** 2).sum())
        self._squares += apart**2 * self._count * len(there) / count
        self._mean += apart * len(there) / count
        self._count = count


def _names(values: Any) -> Any:
    return pc.fill_null(texts_of(values), _MISSING)


def _numbers(values: Any) -> NDArray[np.float64]:
    """Values as numbers, missing and infinite ones NaN."""
    if pa.types.is_boolean(values.type):
        values = pc.cast(values, pa.int64())
    numbers = pc.cast(values, pa.float64(), safe=False)
    found = np.asarray(numbers.to_numpy(zero_copy_only=False), np.float64)
    return np.where(np.isfinite(found), found, np.nan)


def _refuse_missing(data: DatasetSpec, dataset: Dataset) -> None:
    columns = {column.name: column for column in dataset.columns}
    for name in _inputs(data):
        if columns[name].missing:
            raise DataRefused(
                dataset.name,
                f"the column {name!r} misses {columns[name].missing:,} values",
                "Fill them (missing = fill), or drop these rows (missing = drop).",
            )
