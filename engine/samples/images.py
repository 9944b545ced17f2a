"""Images that a model gets wrong."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from engine.data.batching import BatchSource
from engine.losses import IGNORED
from engine.samples.looking import Look, looks, share
from engine.task_spec import TaskSpec


def misclassified_images(
    model: nn.Module,
    source: BatchSource,
    task: TaskSpec,
    *,
    classes: tuple[str, ...],
    count: int,
) -> list[dict[str, Any]]:
    """The first `count` images of the source that the model gets wrong.

    Each is {'index', 'image', 'true', 'predicted', 'confidence'}; the image is rows of grey
    values, or of [red, green, blue], from 0 to 255.
    """
    found: list[dict[str, Any]] = []
    if count == 0:
        return found
    for look in looks(model, source, task):
        found += _wrong_of(look, task, classes)
        if len(found) >= count:
            break
    return found[:count]


def _wrong_of(look: Look, task: TaskSpec, classes: tuple[str, ...]) -> list[dict[str, Any]]:
    """The misclassified of these samples, in their order."""
    images, targets = look.batch[task.inputs[0]], look.batch[task.target]
    confidence, predicted = look.outputs.softmax(dim=-1).max(dim=-1)
    wrong = (predicted != targets) & (targets != IGNORED)
    return [
        {
            "index": int(look.indices[row]),
            "image": _grey_or_colour(images[row]),
            "true": classes[int(targets[row])],
            "predicted": classes[int(predicted[row])],
            "confidence": share(confidence[row]),
        }
        for row in torch.nonzero(wrong).flatten().tolist()
    ]


def _grey_or_colour(image: Tensor) -> list[Any]:
    """An image (1 or 3, H, W) from 0 to 1 as rows of whole numbers from 0 to 255."""
    whole = (image.clamp(0, 1) * 255).round().to(torch.uint8)
    rows: list[Any] = (whole[0] if len(whole) == 1 else whole.permute(1, 2, 0)).tolist()
    return rows
