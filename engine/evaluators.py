"""Evaluators: what is measured of a model beside its outputs for held-out batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from torch import nn

from engine.data.batching import BatchSource
from engine.data.text.tokenizer import Tokenizer
from engine.metrics.texts import text_metrics
from engine.task_spec import TaskSpec
from engine.writing import written_texts

if TYPE_CHECKING:
    from engine.data.loaded import LoadedData

TEXTS = 64
"""Texts that are written at a validation: each takes as many passes as it has tokens."""


class Evaluator(Protocol):
    """Measures a model; leaves its weights, its mode and the random numbers as they were."""

    def measure(self, model: nn.Module) -> dict[str, float]:
        """Metrics by the names of `engine.task_spec.METRICS`."""


class WrittenTexts:
    """exact_match, chrf and rouge_l of the texts written for the first held-out samples."""

    def __init__(self, val: BatchSource, task: TaskSpec, vocabulary: Tokenizer) -> None:
        self._val, self._task, self._vocabulary = val, task, vocabulary

    def measure(self, model: nn.Module) -> dict[str, float]:
        found = written_texts(model, self._val, self._task, self._vocabulary, count=TEXTS)
        return text_metrics([text.text for text in found], [text.expected for text in found])


def evaluator_for(task: TaskSpec, loaded: LoadedData, val: BatchSource | None) -> Evaluator | None:
    """What to measure of a task beside the outputs; None when they say it all."""
    if task.kind != "seq2seq" or val is None or loaded.vocabulary is None:
        return None
    return WrittenTexts(val, task, loaded.vocabulary)
