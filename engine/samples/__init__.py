"""Samples: what a model does, to be looked at beside its numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import nn

from engine.config.generation import GenerationConfig
from engine.data.batching import BatchSource
from engine.data.sources import LoadedData
from engine.metrics.known import known_of
from engine.runs.samples import Sample
from engine.samples.images import misclassified_images
from engine.samples.tables import TableSampler
from engine.samples.texts import (
    PROMPT,
    TEXT_SEED,
    Continuer,
    TextSampler,
    generated_texts,
    prompt_of,
)
from engine.task_spec import TaskKind, TaskSpec

__all__ = [
    "PROMPT",
    "SAMPLERS",
    "Sampler",
    "generated_texts",
    "misclassified_images",
    "sampler_for",
]

Sampler = Callable[[nn.Module, int], list[dict[str, Any]]]
"""(model, how many) -> samples to show, as plain data."""


def sampler_for(
    task: TaskSpec,
    loaded: LoadedData,
    val: BatchSource | None,
    generation: GenerationConfig | None = None,
) -> Sampler:
    """What to show of a model at each validation.

    Texts that it writes (as `generation` says), fills in or marks; of what it classifies or
    estimates, what it gets wrong. Nothing is shown of a model that cannot write, or without
    held-out samples.
    """
    if task.kind == "causal-lm":
        return _continued(task, loaded, val, generation)
    return SAMPLERS[task.kind](task, loaded, val)


def _nothing(model: nn.Module, count: int) -> list[dict[str, Any]]:
    return []


def _continued(
    task: TaskSpec,
    loaded: LoadedData,
    val: BatchSource | None,
    generation: GenerationConfig | None = None,
) -> Sampler:
    vocabulary, prompt = loaded.vocabulary, prompt_of(loaded)

    def texts(model: nn.Module, count: int) -> list[dict[str, Any]]:
        if not isinstance(model, Continuer) or vocabulary is None:
            return []
        return [
            *generated_texts(
                model,
                vocabulary,
                count=count,
                seed=TEXT_SEED,
                config=generation,
                prompt=prompt,
            )
        ]

    return texts


def _images(task: TaskSpec, loaded: LoadedData, val: BatchSource | None) -> Sampler:
    classes = loaded.facts.classes
    if val is None or classes is None:
        return _nothing
    return lambda model, count: misclassified_images(model, val, task, classes=classes, count=count)


def _of_texts(
    shown: Callable[[TextSampler, nn.Module, int], Sequence[Sample]],
) -> Callable[[TaskSpec, LoadedData, BatchSource | None], Sampler]:
    def sampler(task: TaskSpec, loaded: LoadedData, val: BatchSource | None) -> Sampler:
        if val is None or loaded.vocabulary is None:
            return _nothing
        texts = TextSampler(val, task, loaded.vocabulary, known_of(loaded))
        return lambda model, count: _plain(shown(texts, model, count)) if count else []

    return sampler


def _of_rows(
    shown: Callable[[TableSampler, nn.Module, int], Sequence[Sample]],
) -> Callable[[TaskSpec, LoadedData, BatchSource | None], Sampler]:
    def sampler(task: TaskSpec, loaded: LoadedData, val: BatchSource | None) -> Sampler:
        if val is None:
            return _nothing
        rows = TableSampler(val, task, loaded.facts)
        return lambda model, count: _plain(shown(rows, model, count)) if count else []

    return sampler


def _plain(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    return [sample.model_dump(mode="json") for sample in samples]


SAMPLERS: dict[TaskKind, Callable[[TaskSpec, LoadedData, BatchSource | None], Sampler]] = {
    "causal-lm": _continued,
    "masked-lm": _of_texts(TextSampler.filled),
    "sequence-classification": _of_texts(TextSampler.misclassified),
    "multi-label-classification": _of_texts(TextSampler.mislabelled),
    "token-classification": _of_texts(TextSampler.marked),
    "seq2seq": _of_texts(TextSampler.written),
    "image-classification": _images,
    "tabular-classification": _of_rows(TableSampler.least_expected),
    "tabular-regression": _of_rows(TableSampler.worst_estimated),
}
"""What is shown of a model of each task."""
