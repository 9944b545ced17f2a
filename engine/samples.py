"""Samples: what a model does, to be looked at beside its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from engine.data.batching import BatchSource
from engine.data.sources import LoadedData
from engine.data.vocabulary import CharVocabulary
from engine.models.gpt import GPT
from engine.task_spec import TaskSpec

PROMPT = "The "
NEW_TOKENS = 120
TEMPERATURE = 0.8
TEXT_SEED = 0
SCANNED_AT_ONCE = 256

Sample = dict[str, Any]


Sampler = Callable[[nn.Module, int], list[Sample]]
"""(model, how many) -> samples to show, as plain data."""


def sampler_for(task: TaskSpec, loaded: LoadedData, val: BatchSource | None) -> Sampler:
    """What to show of a model at each validation: texts, or held-out images that it gets wrong.

    Nothing is shown of a model that cannot generate, or without held-out images.
    """

    def texts(model: nn.Module, count: int) -> list[Sample]:
        if not isinstance(model, GPT) or loaded.vocabulary is None:
            return []
        return generated_texts(model, loaded.vocabulary, count=count, seed=TEXT_SEED)

    def images(model: nn.Module, count: int) -> list[Sample]:
        if val is None or loaded.facts.classes is None:
            return []
        return misclassified_images(model, val, task, classes=loaded.facts.classes, count=count)

    return texts if task.kind == "causal-lm" else images


def generated_texts(
    model: GPT,
    vocabulary: CharVocabulary,
    *,
    count: int,
    seed: int,
    new_tokens: int = NEW_TOKENS,
) -> list[Sample]:
    """`count` texts that continue `PROMPT`: {'prompt', 'text'}, the text without the prompt.

    The same seed and weights give the same texts; torch's global generator is left alone.

    Raises:
        UnknownCharacter: when the vocabulary lacks a character of the prompt.
    """
    if count == 0:
        return []
    device = next(model.parameters()).device
    prompt_ids = torch.from_numpy(vocabulary.encode(PROMPT)).to(device).repeat(count, 1)
    generator = torch.Generator(device).manual_seed(seed)
    with evaluating(model):
        ids = model.generate(prompt_ids, new_tokens, temperature=TEMPERATURE, generator=generator)
    written = ids[:, prompt_ids.shape[1] :].cpu().numpy()
    return [{"prompt": PROMPT, "text": vocabulary.decode(row)} for row in written]


def misclassified_images(
    model: nn.Module,
    source: BatchSource,
    task: TaskSpec,
    *,
    classes: tuple[str, ...],
    count: int,
) -> list[Sample]:
    """The first `count` images of the source that the model gets wrong.

    Each is {'index', 'image', 'true', 'predicted', 'confidence'}; the image is rows of grey
    values, or of [red, green, blue], from 0 to 255.
    """
    found: list[Sample] = []
    with evaluating(model), torch.no_grad():
        for first in range(0, len(source), SCANNED_AT_ONCE):
            if len(found) >= count:
                break
            indices = np.arange(first, min(first + SCANNED_AT_ONCE, len(source)))
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
