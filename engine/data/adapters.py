"""What Python users hand to the Trainer, made into batch sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset, TensorDataset, default_collate

from engine.data.batching import ArraySource, Batch, BatchSource, Indices
from engine.data.specs import DataFacts
from engine.errors import EngineError
from engine.task_spec import TaskSpec

Array = Tensor | np.ndarray
UserData = BatchSource | Dataset[Any] | Sequence[Array] | Mapping[str, Array]


class UnusableData(EngineError):
    """Data of a kind or shape that cannot be batched."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} Give a map-style torch Dataset, a tuple of tensors (inputs..., targets), "
            "a mapping of tensors by field name, or an object with __len__ and batch()."
        )


class DatasetSource:
    """A map-style torch Dataset, its samples collated as a DataLoader does it."""

    def __init__(self, dataset: Dataset[Any], task: TaskSpec) -> None:
        if isinstance(dataset, IterableDataset) or not isinstance(dataset, Sized):
            raise UnusableData(f"{type(dataset).__name__} has no length or cannot be indexed.")
        self.dataset, self._length = dataset, len(dataset)
        self._names = (*task.inputs, task.target)

    def __len__(self) -> int:
        return self._length

    def batch(self, epoch: int, indices: Indices) -> Batch:
        collated = default_collate([self.dataset[index] for index in indices.tolist()])
        if isinstance(collated, Mapping):
            return dict(collated)
        if not isinstance(collated, list | tuple) or len(collated) != len(self._names):
            raise UnusableData(f"A sample must have the fields {', '.join(self._names)}.")
        return dict(zip(self._names, collated, strict=True))


def as_batch_source(data: UserData, task: TaskSpec) -> BatchSource:
    """A source of batches whose fields are named as the task expects.

    Tuples are read as (inputs..., targets) in the order of `task.inputs`.

    Raises:
        UnusableData: for data without a length, of another kind, or with missing fields.
    """
    if isinstance(data, BatchSource):
        return data
    if isinstance(data, TensorDataset):
        data = data.tensors
    if isinstance(data, Dataset):
        return DatasetSource(data, task)
    names = (*task.inputs, task.target)
    if isinstance(data, Mapping):
        return _named(data, names)
    if isinstance(data, Sequence) and all(isinstance(part, Array) for part in data):
        return _positional(data, names)
    raise UnusableData(f"{type(data).__name__} is not data that can be batched.")


def in_memory_facts(train: BatchSource, val: BatchSource | None) -> DataFacts:
    """What can be said of handed-over data without guessing: how much there is."""
    return DataFacts(
        modality="unknown",
        train_samples=len(train),
        val_samples=0 if val is None else len(val),
    )


def _named(data: Mapping[str, Array], names: tuple[str, ...]) -> ArraySource:
    missing = [name for name in names if name not in data]
    if missing:
        raise UnusableData(f"The data has no field {', '.join(missing)}, only {', '.join(data)}.")
    return ArraySource({name: torch.as_tensor(data[name]) for name in names})


def _positional(data: Sequence[Array], names: tuple[str, ...]) -> ArraySource:
    if len(data) != len(names):
        raise UnusableData(
            f"Expected the {len(names)} tensors {', '.join(names)}, got {len(data)}."
        )
    tensors = (torch.as_tensor(part) for part in data)
    return ArraySource(dict(zip(names, tensors, strict=True)))
