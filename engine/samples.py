"""Samples: what a model does, to be looked at beside its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from engine.data.batching import BatchSource
from engine.data.specs import DataFacts
from engine.data.vocabulary import CharVocabulary
from engine.models.gpt import GPT
from engine.task_spec import TaskSpec

PROMPT = "The "
NEW_TOKENS = 160
TEMPERATURE = 0.8
SCANNED_AT_ONCE = 256

Sample = dict[str, Any]


@dataclass(frozen=True)
class Sampler:
    """Draws what a task shows at each validation."""

    task: TaskSpec
    facts: DataFacts
    vocabulary: CharVocabulary | None
    count: int
    seed: int
    most: int | None = None
    """Look for misclassified images among the first so many samples only."""

    def __call__(self, model: nn.Module, val: BatchSource | None) -> list[Sample]:
        """Texts or misclassified images; nothing for a model or data that cannot be shown."""
        if self.task.kind == "causal-lm":
            return self._texts(model)
        return [] if val is None else self._images(model, val)

    def _texts(self, model: nn.Module) -> list[Sample]:
        if not isinstance(model, GPT) or self.vocabulary is None:
            return []
        return generated_texts(model, self.vocabulary, count=self.count, seed=self.seed)

    def _images(self, model: nn.Module, val: BatchSource) -> list[Sample]:
        classes = self.facts.classes
        if classes is None or self.facts.image_shape is None:
            return []
        return misclassified_images(
            model, val, self.task, classes=classes, count=self.count, most=self.most
        )


def generated_texts(
    model: GPT,
    vocabulary: CharVocabulary,
    *,
    count: int,
    seed: int,
    prompt: str = PROMPT,
    new_tokens: int = NEW_TOKENS,
) -> list[Sample]:
    """`count` texts that continue the prompt: {'prompt', 'text'}, the text without the prompt.

    The same seed and weights give the same texts; torch's global generator is left alone.

    Raises:
        UnknownCharacter: for a prompt with characters that the vocabulary lacks.
    """
    if count == 0:
        return []
    device = next(model.parameters()).device
    prompt_ids = torch.from_numpy(vocabulary.encode(prompt)).to(device).repeat(count, 1)
    generator = torch.Generator(device).manual_seed(seed)
    with evaluating(model):
        ids = model.generate(prompt_ids, new_tokens, temperature=TEMPERATURE, generator=generator)
    written = ids[:, prompt_ids.shape[1] :].cpu().numpy()
    return [{"prompt": prompt, "text": vocabulary.decode(row)} for row in written]


def misclassified_images(
    model: nn.Module,
    source: BatchSource,
    task: TaskSpec,
    *,
    classes: tuple[str, ...],
    count: int,
    most: int | None = None,
) -> list[Sample]:
    """The first `count` images of the source that the model gets wrong.

    Each is {'index', 'image', 'true', 'predicted', 'confidence'}; the image is rows of grey
    values, or of [red, green, blue], from 0 to 255. At most the first `most` samples are tried.
    """
    found: list[Sample] = []
    samples = min(len(source), most or len(source))
    with evaluating(model), torch.no_grad():
        for first in range(0, samples, SCANNED_AT_ONCE):
            if len(found) >= count:
                break
            indices = np.arange(first, min(first + SCANNED_AT_ONCE, samples))
            found += _wrong_of(model, source, task, classes, indices)
    return found[:count]


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """The model without dropout, put back into its mode afterwards."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


def _wrong_of(
    model: nn.Module,
    source: BatchSource,
    task: TaskSpec,
    classes: tuple[str, ...],
    indices: np.ndarray,
) -> list[Sample]:
    """The misclassified of these samples, in their order."""
    device = next(model.parameters()).device
    batch = source.batch(0, indices)
    images, targets = batch[task.inputs[0]], batch[task.target]
    logits = model(*(batch[name].to(device) for name in task.inputs))
    confidence, predicted = (part.cpu() for part in logits.float().softmax(dim=-1).max(dim=-1))
    return [
        {
            "index": int(indices[row]),
            "image": _grey_or_colour(images[row]),
            "true": classes[int(targets[row])],
            "predicted": classes[int(predicted[row])],
            "confidence": round(float(confidence[row]), 4),
        }
        for row in torch.nonzero(predicted != targets).flatten().tolist()
    ]


def _grey_or_colour(image: Tensor) -> list[Any]:
    """An image (1 or 3, H, W) from 0 to 1 as rows of whole numbers from 0 to 255."""
    whole = (image.clamp(0, 1) * 255).round().to(torch.uint8)
    rows: list[Any] = (whole[0] if len(whole) == 1 else whole.permute(1, 2, 0)).tolist()
    return rows
