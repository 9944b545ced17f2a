"""Texts that a sequence-to-sequence model writes for held-out inputs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.data.batching import BatchSource
from engine.data.vocabulary import CharVocabulary
from engine.losses import IGNORED
from engine.task_spec import TaskSpec


class Written(NamedTuple):
    """A text that was asked for and the one that was written."""

    input: str
    expected: str
    text: str


def written_texts(
    model: nn.Module,
    source: BatchSource,
    task: TaskSpec,
    vocabulary: CharVocabulary,
    *,
    count: int,
) -> list[Written]:
    """What the model writes for the first `count` samples, always taking the likeliest token."""
    count = min(count, len(source))
    if count == 0:
        return []
    batch = source.batch(0, np.arange(count))
    inputs, targets = batch[task.inputs[0]], batch[task.target]
    device = next(model.parameters()).device
    with evaluating(model), torch.no_grad():
        tokens = _continued(model, inputs.to(device), targets.shape[1], vocabulary)
    return [
        Written(vocabulary.decode(asked), *(_text(row, vocabulary) for row in (right, given)))
        for asked, right, given in zip(inputs.numpy(), targets.numpy(), tokens, strict=True)
    ]


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """The model without dropout, put back into its mode afterwards."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


def _continued(
    model: nn.Module, inputs: Tensor, length: int, vocabulary: CharVocabulary
) -> NDArray[np.int64]:
    """Tokens (B, at most `length`), written one after another until all texts have ended."""
    begin, end = vocabulary.special("begin"), vocabulary.special("end")
    tokens = torch.full((len(inputs), 1), begin, device=inputs.device)
    ended = torch.zeros(len(inputs), dtype=torch.bool, device=inputs.device)
    for _ in range(length):
        likeliest = model(inputs, tokens)[:, -1].argmax(dim=-1)
        tokens = torch.cat([tokens, likeliest[:, None]], dim=1)
        ended |= likeliest == end
        if bool(ended.all()):
            break
    return np.asarray(tokens[:, 1:].cpu().numpy())


def _text(tokens: NDArray[np.int64], vocabulary: CharVocabulary) -> str:
    """The text up to its end, without padding."""
    kept = tokens[tokens != IGNORED]
    ends = np.flatnonzero(kept == vocabulary.special("end"))
    return vocabulary.decode(kept[: ends[0]] if len(ends) else kept)
