"""Texts of a dataset, handed to the preparation of texts in bounded pieces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.data.library.dataset import Dataset
from engine.data.library.errors import DataRefused
from engine.data.library.spec import DatasetSpec
from engine.data.loaded import LoadedData
from engine.data.preparation.answers import class_numbers, label_lists
from engine.data.preparation.rows import Rows
from engine.data.preparation.tables import taken
from engine.data.progress import Progress
from engine.data.text.loading import load_texts
from engine.data.text.rows import TextChunk, TextRows, TextSplits

_BATCH = 1024


def load(
    data: DatasetSpec, dataset: Dataset, rows: Rows, root: Path, progress: Progress
) -> LoadedData:
    """The texts of both sides as tokens."""
    splits = TextSplits(
        train=_side(data, dataset, rows, rows.train),
        val=_side(data, dataset, rows, rows.val),
        identity=rows.identity,
    )
    return load_texts(splits, data.text, data.task, root, progress, classes=rows.classes)


def _side(data: DatasetSpec, dataset: Dataset, rows: Rows, chosen: NDArray[Any]) -> TextRows:
    def read() -> Iterator[TextChunk]:
        columns = data.of_role("text", "label", "target")
        for start, batch in taken(dataset, chosen, columns, _BATCH):
            texts, answers = _texts(data, batch), _answers(data, batch, rows)
            if data.task == "token-classification":
                _refuse_unequal(dataset.name, texts, answers, chosen[start:])
            yield TextChunk(texts, answers)

    return TextRows(read, len(chosen))


def _refuse_unequal(name: str, texts: list[Any], answers: list[Any], rows: NDArray[Any]) -> None:
    """
    Raises:
        DataRefused: for a row that does not have a label for each word.
    """
    for words, labels, row in zip(texts, answers, rows[: len(texts)], strict=True):
        if len(words) != len(labels):
            reason = f"row {row + 1:,} has {len(words)} words, but {len(labels)} labels"
            raise DataRefused(name, reason, "Each word needs one; mend the row or leave it out.")


def _texts(data: DatasetSpec, batch: Any) -> list[Any]:
    """The text of each row; those of several columns are joined by line feeds."""
    columns = [batch.column(name) for name in data.of_role("text")]
    if len(columns) == 1:
        return list(columns[0].to_pylist())
    return list(pc.binary_join_element_wise(*columns, "\n").to_pylist())


def _answers(data: DatasetSpec, batch: Any, rows: Rows) -> Any:
    if data.task == "seq2seq":
        return batch.column(data.of_role("target")[0]).to_pylist()
    if rows.classes is None:
        return None
    if data.task == "sequence-classification":
        return class_numbers(batch.column(data.of_role("label")[0]), rows.classes).tolist()
    return label_lists(batch, data, rows.classes)
