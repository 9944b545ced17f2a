"""From a dataset to the spec that it is usually trained with; everything in it can be changed."""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow.compute as pc
from PIL import Image

from engine.data.library.dataset import Dataset
from engine.data.library.spec import (
    DatasetSpec,
    GivenSplit,
    GroupSplit,
    ImageOptions,
    LastSplit,
    RatioSplit,
    Role,
    Split,
    StratifiedSplit,
    TimeSplit,
)
from engine.data.text.preparation import CUTS, TextPreparation
from engine.errors import BadInput, Problem
from engine.task_spec import TaskKind

UNDECODABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)
"""What Pillow raises for bytes that are no image, or not a whole one."""
_LOOKED_AT = 64
_LARGEST_SIDE = 64
_MOST_KINDS = 5_000
_TESTS = ("test", "testing")
_ONE_CLASS: tuple[TaskKind, ...] = (
    "sequence-classification",
    "image-classification",
    "tabular-classification",
)


def proposed(
    dataset: Dataset, task: TaskKind | None = None, roles: Mapping[str, Role] | None = None
) -> DatasetSpec:
    """The spec for a task, by default the one that the dataset seems to be for; ``roles`` replace
    those that the dataset's columns have.

    Raises:
        BadInput: when no task was named and none could be guessed.
    """
    chosen = task or dataset.record.task
    if chosen is None:
        remedy = "Name the task, and say what its columns are for."
        raise BadInput([Problem("task", f"it is not clear what {dataset.name} is for", "", remedy)])
    all_roles = {column.name: column.role for column in dataset.columns} | dict(roles or {})
    columns = {name: role for name, role in all_roles.items() if role != "ignore"}
    return DatasetSpec(
        dataset=dataset.fingerprint,
        name=dataset.name,
        task=chosen,
        columns=columns,
        text=TextPreparation(cut=CUTS[chosen][0]) if chosen in CUTS else TextPreparation(),
        image=_image_options(dataset, columns),
        split=_split(dataset, chosen, columns),
    )


def _split(dataset: Dataset, task: TaskKind, columns: Mapping[str, Role]) -> Split:
    """What the data itself says of its sides, else what fits the task."""
    of_role = {role: name for name, role in columns.items()}
    plain = {name for name, kind in dataset.column_types.items() if not kind.startswith("list")}
    of_role = {role: name for role, name in of_role.items() if name in plain}
    given = _given(dataset, of_role["split"]) if "split" in of_role else None
    if given is not None:
        return given
    if "group" in of_role:
        return GroupSplit()
    if "time" in of_role:
        return TimeSplit()
    if task in _ONE_CLASS and "label" in of_role and _all_twice(dataset, of_role["label"]):
        return StratifiedSplit()
    in_order = dataset.record.origin.kind in ("text", "synthetic")  # lines that go on
    return LastSplit() if in_order and task in ("causal-lm", "masked-lm") else RatioSplit()


def _given(dataset: Dataset, column: str) -> GivenSplit | None:
    """The names of the sides; rows for testing validate where there are no others."""
    usual = GivenSplit()
    names = [str(name) for name in _counted(dataset, column)]
    train = tuple(name for name in names if name.lower() in usual.train)
    val = tuple(name for name in names if name.lower() in usual.val)
    val = val or tuple(name for name in names if name.lower() in _TESTS)
    return GivenSplit(train=train, val=val) if train and val else None


def _all_twice(dataset: Dataset, column: str) -> bool:
    counts = _counted(dataset, column)
    return min((count for value, count in counts.items() if value is not None), default=0) > 1


def _counted(dataset: Dataset, column: str) -> Counter[Any]:
    """How often each value is there; of very many only those that were met first."""
    found: Counter[Any] = Counter()
    for batch in dataset.batches([column]):
        for count in pc.value_counts(batch.column(0)).to_pylist():
            found[count["values"]] += count["counts"]
        if len(found) > _MOST_KINDS:
            break
    return found


def _image_options(dataset: Dataset, columns: Mapping[str, Role]) -> ImageOptions:
    """The size that most of the first images have, up to 64 pixels; grey if all are."""
    images = [name for name, role in columns.items() if role == "image"]
    if not images or dataset.column_types[images[0]] != "image":
        return ImageOptions()
    looks = Counter(_looks(dataset, images[0]))
    if not looks:
        return ImageOptions()
    (width, height), _ = Counter(size for size, _ in looks.elements()).most_common(1)[0]
    shrink = min(1.0, _LARGEST_SIDE / max(width, height))
    grey = all(mode in ("1", "L", "I;16", "I") for _, mode in looks)
    return ImageOptions(
        height=max(1, round(height * shrink)),
        width=max(1, round(width * shrink)),
        color="grey" if grey else "rgb",
    )


def _looks(dataset: Dataset, column: str) -> Iterator[tuple[tuple[int, int], str]]:
    for row in dataset.rows(0, _LOOKED_AT, [column]):
        if row[column] is not None:
            with (
                contextlib.suppress(*UNDECODABLE),  # a broken one says nothing of the others
                Image.open(io.BytesIO(row[column])) as image,
            ):
                yield image.size, image.mode
