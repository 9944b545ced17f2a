"""A small made-up batch by the facts of the data, and the shape that outputs for it must have."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.data.specs import DataFacts
from engine.task_spec import TaskKind

SAMPLES = 3
_SEQUENCES: tuple[TaskKind, ...] = ("causal-lm", "masked-lm", "token-classification", "seq2seq")
_CAUSAL: tuple[TaskKind, ...] = ("causal-lm", "seq2seq")


@dataclass(frozen=True)
class Wanted:
    """What a task gives a model and wants of it."""

    task: TaskKind
    outputs: int | None
    """Numbers for each target; None where the data does not tell."""
    padded: bool
    is_text: bool

    @property
    def per_token(self) -> bool:
        return self.task in _SEQUENCES

    @property
    def causal(self) -> bool:
        return self.task in _CAUSAL

    def spare(self, outputs: int) -> bool:
        """Whether a model has outputs for tokens that the data does not have: they can be left
        out, as vocabularies are often rounded up."""
        writes = self.causal or self.task == "masked-lm"
        return writes and self.outputs is not None and outputs > self.outputs

    @property
    def in_words(self) -> str:
        """The shape of the outputs, named."""
        if self.task == "tabular-regression":
            return "(samples, 1), a number for each sample"
        last = f"{self.outputs:,}" if self.outputs else "classes"
        what = "logits" if self.task != "multi-label-classification" else "logits of labels"
        return f"(samples, {'tokens, ' if self.per_token else ''}{last}), {what}"


def wanted_of(task: TaskKind, facts: DataFacts) -> Wanted:
    """What models for this task and data are given and must give."""
    text = facts.modality == "text"
    return Wanted(task, facts.outputs, padded=facts.padded is True, is_text=text)


def made_up(task: TaskKind, facts: DataFacts) -> tuple[Tensor, ...]:
    """Inputs as the data has them, always the same; torch's generators are left alone."""
    generator = torch.Generator().manual_seed(0)
    if facts.image_shape is not None:
        return (torch.randn(SAMPLES, *facts.image_shape, generator=generator),)
    if facts.features is not None:
        return (torch.randn(SAMPLES, len(facts.features), generator=generator),)
    length, most = facts.tokens_per_sample or 16, facts.vocabulary_size or 2
    lengths = [length, facts.target_tokens or length] if task == "seq2seq" else [length]
    return tuple(_tokens(n, most, facts.padded is True, generator) for n in lengths)


def perturbed(inputs: Tensor, vocabulary: int, *, sample: int | None = None) -> Tensor:
    """The inputs with another sample (all of it), or with another last token in each."""
    changed = inputs.clone()
    place = (slice(None), -1) if sample is None else (sample,)
    if inputs.is_floating_point():
        changed[place] = changed[place] + 1
    else:
        changed[place] = 1 + changed[place] % max(vocabulary - 1, 1)
    return changed


def numbers_in(facts: DataFacts) -> int | None:
    """How many numbers an image has."""
    return None if facts.image_shape is None else math.prod(facts.image_shape)


def _tokens(length: int, vocabulary: int, padded: bool, generator: torch.Generator) -> Tensor:
    tokens = torch.randint(1, max(vocabulary, 2), (SAMPLES, length), generator=generator)
    if padded and length > 2:
        tokens[-1, length // 2 :] = 0
    return tokens
