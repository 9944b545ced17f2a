"""Which rows of a dataset are used, and on which side each is; kept for the next start."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.data.library.dataset import Dataset
from engine.data.library.errors import DataRefused
from engine.data.library.spec import DatasetSpec, Role
from engine.data.library.splits import TRAIN, UNUSED, VAL, Coded, Keys, Mask, Sides, Subject, sides
from engine.data.preparation.answers import class_names, texts_of
from engine.data.preparation.cache import kept
from engine.data.progress import Progress

VERSION = 1
"""Raised when the same dataset and spec would give other rows or arrays than before."""
_PIECE = 1_000_000
_ANSWERS: tuple[Role, ...] = ("text", "image", "label", "target")
"""A row without one of these is not used."""


@dataclass(frozen=True)
class Rows:
    """The rows of both sides."""

    train: NDArray[np.integer]
    val: NDArray[np.integer]
    classes: tuple[str, ...] | None
    left_out: int
    """Rows that miss what is needed of them."""
    identity: str
    """Changes with any row, its side, or the columns that are looked at."""


def rows_of(data: DatasetSpec, dataset: Dataset, root: Path, progress: Progress) -> Rows:
    """The rows to train on and those to validate on.

    Raises:
        DataRefused: when they cannot be divided so, or there is one class only.
    """
    identity = key_of(data, "rows", "split", "columns", "separator", "task", "table")
    what = f"splitting {dataset.name}"
    folder = kept(root, identity, lambda part: _write(part, data, dataset, progress), what)
    about = json.loads((folder / "about.json").read_bytes())
    classes = about["classes"]
    train, val = (np.load(folder / f"{side}.npy", mmap_mode="c") for side in ("train", "val"))
    return Rows(
        train,
        val,
        classes=None if classes is None else tuple(classes),
        left_out=about["left_out"],
        identity=identity,
    )


def key_of(data: DatasetSpec, what: str, *parts: str) -> str:
    """What some parts of a spec and the dataset's content decide, as a text."""
    document = data.model_dump(mode="json", include={"dataset", *parts})
    return json.dumps([VERSION, what, document], sort_keys=True)


def _write(part: Path, data: DatasetSpec, dataset: Dataset, progress: Progress) -> None:
    classes = class_names(data, dataset)
    usable = _usable(data, dataset)
    if not usable.any():
        raise DataRefused(dataset.name, "no row has all that is needed of it", "Look at its rows.")
    found = _sides(data, dataset, usable, progress)
    for name, side in (("train", TRAIN), ("val", VAL)):
        np.save(part / f"{name}.npy", np.flatnonzero(found == side).astype(np.int32))
    about = {"classes": classes, "left_out": int((~usable).sum())}
    (part / "about.json").write_text(json.dumps(about))


def _sides(data: DatasetSpec, dataset: Dataset, usable: Mask, progress: Progress) -> Sides:
    subject = Subject(dataset.name, _keys(dataset, progress), **_looked_at(data, dataset))
    if usable.all():
        return sides(subject, data.split)
    used = np.flatnonzero(usable)
    found = np.full(len(dataset), UNUSED, np.int8)
    found[used] = sides(subject.only(used), data.split)
    return found


def _usable(data: DatasetSpec, dataset: Dataset) -> NDArray[np.bool_]:
    """Which rows have all that a sample needs."""
    answers = data.of_role(*_ANSWERS)
    missing = {
        column.name for column in dataset.columns if column.missing or column.type == "number"
    }
    wanted = [name for name in answers if name in missing]
    if data.modality == "table" and data.table.missing == "drop":
        wanted += data.of_role("number", "category")
    found = np.ones(len(dataset), bool)
    done = 0
    for batch in dataset.batches(wanted):
        for values in batch.columns:
            there = pc.is_valid(values)
            if pa.types.is_floating(values.type):
                there = pc.and_(there, pc.fill_null(pc.is_finite(values), False))
            found[done : done + len(batch)] &= there.to_numpy(zero_copy_only=False)
        done += len(batch)
    return found


def _looked_at(data: DatasetSpec, dataset: Dataset) -> dict[str, Any]:
    """What the split looks at."""
    kind = data.split.kind
    labels = data.of_role("label")
    one_label = data.task in (
        "sequence-classification",
        "image-classification",
        "tabular-classification",
    )
    return {
        "classes": _coded(dataset, labels[0]) if kind == "stratified" and one_label else None,
        "groups": _coded(dataset, data.of_role("group")[0]) if kind == "group" else None,
        "times": _times(dataset, data.of_role("time")[0]) if kind == "time" else None,
        "given": _coded(dataset, data.of_role("split")[0]) if kind == "given" else None,
    }


def _coded(dataset: Dataset, name: str) -> Coded:
    """Each row's value as a number, in the order of the values' texts."""
    numbers: dict[str, int] = {}
    found: NDArray[np.integer] = np.empty(len(dataset), np.int16)
    done = 0
    for batch in dataset.batches([name]):
        values = pc.fill_null(texts_of(batch.column(0)), "").dictionary_encode()
        places = [numbers.setdefault(text, len(numbers)) for text in values.dictionary.to_pylist()]
        stop = done + len(batch)
        if len(numbers) > np.iinfo(np.int16).max:
            found = found.astype(np.int32, copy=False)
        found[done:stop] = np.array(places, found.dtype)[values.indices.to_numpy()]
        done = stop
    names = sorted(numbers)
    order = np.empty(len(names), found.dtype)
    order[[numbers[text] for text in names]] = np.arange(len(names))
    for start in range(0, len(found), _PIECE):  # as indices they take four times the memory
        found[start : start + _PIECE] = order[found[start : start + _PIECE]]
    return Coded(tuple(names), found)


def _times(dataset: Dataset, name: str) -> NDArray[Any]:
    values = dataset.table([name]).column(0)
    if values.null_count:
        place = pc.index(pc.is_null(values), True).as_py()
        raise DataRefused(
            dataset.name,
            f"row {place + 1:,} has no time in the column {name!r}",
            "A split by time needs all of them; choose another split.",
        )
    if pa.types.is_timestamp(values.type):
        values = pc.cast(values, pa.int64())
    return np.asarray(values.to_numpy())


def _keys(dataset: Dataset, progress: Progress) -> Keys:
    """A number from the content of each row, all columns of it."""
    found = np.zeros(len(dataset), np.uint64)
    done = 0
    for batch in dataset.batches():
        keys = found[done : done + len(batch)]
        for values in batch.columns:
            keys *= np.uint64(1_000_003)
            keys ^= hashes(values)
        done += len(batch)
        progress(f"Splitting {dataset.name}", done, len(dataset))
    return found


def hashes(values: Any) -> Keys:
    """A number for each value; of texts that come again only one is hashed."""
    from pandas.util import hash_array  # late: pandas takes half a second to import

    if pa.types.is_string(values.type):
        coded = pc.fill_null(values, "\uffff").dictionary_encode()
        if len(coded.dictionary) < len(values) // 2:
            return np.asarray(hashes(coded.dictionary)[coded.indices.to_numpy()], np.uint64)
    return np.asarray(hash_array(_hashable(values), categorize=False), np.uint64)


def _hashable(values: Any) -> NDArray[Any]:
    if pa.types.is_list(values.type):
        texts = [json.dumps(row) for row in values.to_pylist()]
        return np.array(texts, object)
    if pa.types.is_string(values.type) or pa.types.is_binary(values.type):
        missing = b"\xff" if pa.types.is_binary(values.type) else "\uffff"
        return np.array(pc.fill_null(values, missing).to_pylist(), object)
    if pa.types.is_timestamp(values.type):
        values = pc.cast(values, pa.int64())
    if pa.types.is_boolean(values.type):
        values = pc.cast(values, pa.int64())
    return np.asarray(pc.fill_null(values, 0).to_numpy(zero_copy_only=False))
