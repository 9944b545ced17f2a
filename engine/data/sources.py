"""Data sources: where each comes from, and its data as a model reads it. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from engine.data import digits, python_code, python_docs, tables
from engine.data.library.spec import DatasetSpec
from engine.data.loaded import LoadedData, text_samples
from engine.data.loaders import LOADERS, BlockSizeMissing
from engine.data.progress import Progress, silent
from engine.data.specs import DataFacts, DataSpec
from engine.errors import EngineError
from engine.models.specs import GPTSpec, HuggingFaceModel, ImportedModel, ModelSpec

__all__ = [
    "LOADERS",
    "PROVENANCE",
    "BlockSizeMissing",
    "LoadedData",
    "NotLoadable",
    "Provenance",
    "RunsFolderMissing",
    "facts_of",
    "load",
    "load_for",
    "text_samples",
]


class NotLoadable(EngineError):
    """Data that exists only in the memory of the program that made it."""

    def __init__(self) -> None:
        super().__init__(
            "This run's data was handed to the Trainer in memory, so it cannot be loaded from "
            "its description. Run the program that made it, or choose a bundled source."
        )


class RunsFolderMissing(EngineError):
    """A dataset lies beside the runs, so they must be named."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The dataset {name!r} lies in a runs folder, and none was named. Say which one it is."
        )


@dataclass(frozen=True)
class Provenance:
    """Where data comes from, to be shown beside it."""

    source: str
    licence: str


_DOCS = Provenance(python_docs.SOURCE, python_docs.LICENCE)
_CODE = Provenance(python_code.SOURCE, python_code.LICENCE)

PROVENANCE: dict[str, Provenance] = {
    "python-docs": _DOCS,
    "masked-docs": _DOCS,
    "restore-docs": _DOCS,
    "python-tokens": _CODE,
    "python-keywords": _CODE,
    "python-constructs": _CODE,
    "digits": Provenance(digits.SOURCE, digits.LICENCE),
    "breast-cancer": Provenance(tables.CANCER_SOURCE, tables.LICENCE),
    "wine": Provenance(tables.WINE_SOURCE, tables.LICENCE),
    "iris": Provenance(tables.IRIS_SOURCE, tables.LICENCE),
    "diabetes": Provenance(tables.DIABETES_SOURCE, tables.DIABETES_LICENCE),
    "in-memory": Provenance("handed to the Trainer in memory", "unknown"),
}


def load(
    data: DataSpec,
    *,
    block_size: int | None = None,
    runs: Path | None = None,
    progress: Progress = silent,
) -> LoadedData:
    """Load and split the data; `block_size` is the length of one sample of a running text.

    A dataset is looked for in the library of the folder `runs`, and prepared if it was not
    before. Loading is cached: do not write into the arrays.

    Raises:
        NotLoadable: for data that was handed over in memory.
        BlockSizeMissing: for running text without a block size.
        EngineError: for a dataset that is not there, was changed, or does not fit its spec.
    """
    if isinstance(data, DatasetSpec):
        from engine.data.preparation.loading import load_dataset  # late: pyarrow takes a while

        return load_dataset(data, _named(data, runs), progress)
    if data.source not in LOADERS:
        raise NotLoadable
    return _load(data, block_size)


def load_for(
    data: DataSpec, model: ModelSpec, runs: Path | None = None, progress: Progress = silent
) -> LoadedData:
    """Load and split the data, cut as this model reads it.

    Raises:
        NotLoadable: for data that was handed over in memory.
        BlockSizeMissing: for running text beside a model that reads none.
        EngineError: for a dataset that is not in `runs`, was changed, or does not fit its spec.
    """
    return load(data, block_size=_block_size(data, model), runs=runs, progress=progress)


def facts_of(
    data: DataSpec,
    model: ModelSpec,
    runs: Path | None = None,
    progress: Progress | None = None,
) -> DataFacts:
    """What forms and checks need to know about the data, cut as this model reads it.

    Beside a model that reads no running text each token counts as a sample; preflight refuses
    the pair. A large dataset is only prepared where there is somebody to tell the `progress` to.

    Raises:
        NotLoadable: for data that was handed over in memory.
        NotPrepared: for a large dataset that was not prepared before.
        EngineError: for a dataset that is not in `runs`, was changed, or does not fit its spec.
    """
    if isinstance(data, DatasetSpec):
        from engine.data.preparation.loading import dataset_facts  # late: pyarrow takes a while

        return dataset_facts(data, _named(data, runs), progress)
    block_size = _block_size(data, model)
    if data.source == "python-docs" and block_size is None:
        block_size = 1
    return load(data, block_size=block_size).facts


def _named(data: DatasetSpec, runs: Path | None) -> Path:
    if runs is None:
        raise RunsFolderMissing(data.shown_name)
    return runs


def _block_size(data: DataSpec, model: ModelSpec) -> int | None:
    if data.source == "python-docs" and isinstance(
        model, GPTSpec | ImportedModel | HuggingFaceModel
    ):
        return model.block_size
    return None


@lru_cache(maxsize=16)
def _load(data: DataSpec, block_size: int | None) -> LoadedData:
    return LOADERS[data.source](data, block_size)
