"""A dataset of the library as LoadedData, prepared once and memory-mapped from then on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.data.library.dataset import Dataset
from engine.data.library.library import DataLibrary
from engine.data.library.spec import DatasetSpec
from engine.data.loaded import LoadedData
from engine.data.preparation import images, tables
from engine.data.preparation.arrays import fingerprint_of, opened
from engine.data.preparation.cache import folder_of, kept
from engine.data.preparation.roles import refuse_misfits
from engine.data.preparation.rows import Rows, key_of, rows_of
from engine.data.progress import Progress, silent
from engine.data.specs import DataFacts
from engine.data.text.preparation import CODE_VERSION
from engine.errors import EngineError
from engine.runs.files import write_whole

QUICK_BYTES = 8_000_000
"""A dataset of so many bytes is prepared whenever somebody asks about it: it takes seconds."""
_FACTS = "facts.json"

Prepare = Callable[[DatasetSpec, Dataset, Rows, Path, Progress], DataFacts]
PREPARE: dict[str, tuple[Prepare, str]] = {
    "table": (tables.prepare, "table"),
    "image": (images.prepare, "image"),
}
"""Modality -> what writes its arrays, and the part of the spec that it looks at."""


class NotPrepared(EngineError):
    """A large dataset that nobody has prepared yet, where somebody only wanted to know of it."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The dataset {name!r} has not been prepared for this yet, which takes a while. "
            "Prepare it on the Data page or with `python -m engine data prepare`; starting a run "
            "on the command line does it, too."
        )


def load_dataset(data: DatasetSpec, runs: Path, progress: Progress = silent) -> LoadedData:
    """The arrays of both sides, prepared now if they were not before.

    Raises:
        MissingDataset, DatasetChanged, DamagedDataset: when its rows are not those that are meant.
        BadInput: when its columns do not fit the task.
        DataRefused: when the rows cannot be split or prepared so.
        NoRoom: when the disk is full.
    """
    dataset = _present(data, runs, progress)
    root = _root(data, runs)
    rows = rows_of(data, dataset, root, progress)
    if data.modality == "text":
        from engine.data.preparation.texts import load  # late: tokenizers take a while to import

        loaded = load(data, dataset, rows, root, progress)
    else:
        loaded = _arrays(data, dataset, rows, root, progress)
    write_whole(_ready(data, runs), loaded.facts.to_json())
    return dataclasses.replace(loaded, notes=(*_notes(rows), *loaded.notes))


def dataset_facts(data: DatasetSpec, runs: Path, progress: Progress | None = None) -> DataFacts:
    """What is known of the prepared data. Without ``progress`` a large dataset that was not
    prepared yet is not prepared now.

    Raises:
        NotPrepared: in that case; else as `load_dataset`.
    """
    dataset = _present(data, runs, progress or silent)
    if is_prepared(data, runs):
        return DataFacts.parse_json(_ready(data, runs).read_bytes())
    fetched = data.modality == "text" and data.text.tokenizer.kind == "hugging-face"
    if progress is None and (dataset.record.bytes > QUICK_BYTES or fetched):
        raise NotPrepared(data.shown_name)
    return load_dataset(data, runs, progress or silent).facts


def _notes(rows: Rows) -> Iterator[str]:
    if rows.left_out:
        what = "1 row was" if rows.left_out == 1 else f"{rows.left_out:,} rows were"
        yield f"{what} left out, for want of an input, a label or a target."


def is_prepared(data: DatasetSpec, runs: Path) -> bool:
    """Whether a run of this would begin at once."""
    return _ready(data, runs).exists()


def _present(data: DatasetSpec, runs: Path, progress: Progress) -> Dataset:
    dataset = DataLibrary(runs).dataset(data.dataset, data.shown_name)
    dataset.verify(progress)
    refuse_misfits(data, dataset)
    return dataset


def _root(data: DatasetSpec, runs: Path) -> Path:
    return DataLibrary(runs).prepared(data.dataset)


def _ready(data: DatasetSpec, runs: Path) -> Path:
    """The file that says that everything was prepared for exactly this spec, with the facts."""
    key = key_of(
        data, "ready", *(set(DatasetSpec.model_fields) - {"name", "source", "augmentation"})
    )
    whole = f"{key} {CODE_VERSION}" if data.modality == "text" else key
    return folder_of(_root(data, runs), whole).with_suffix(".json")


def _arrays(
    data: DatasetSpec, dataset: Dataset, rows: Rows, root: Path, progress: Progress
) -> LoadedData:
    prepare, part = PREPARE[data.modality]

    def make(folder: Path) -> None:
        facts = prepare(data, dataset, rows, folder, progress)
        whole = facts.model_copy(update={"fingerprint": fingerprint_of(folder)})
        write_whole(folder / _FACTS, whole.to_json())

    key = key_of(data, "arrays", part, "split", "columns", "separator", "task")
    folder = kept(root, key, make, f"preparing {dataset.name}")
    facts = DataFacts.parse_json((folder / _FACTS).read_bytes())
    augmentation = data.augmentation if data.augmentation.chosen else None
    return LoadedData(
        opened(folder, "train"), opened(folder, "val"), facts, augmentation=augmentation
    )
