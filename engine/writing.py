"""Texts that a sequence-to-sequence model writes for held-out inputs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.data.batching import BatchSource
from engine.data.text.tokenizer import Tokenizer
from engine.losses import IGNORED
from engine.task_spec import TaskSpec


@runtime_checkable
class Writer(Protocol):
    """A model that writes a text for another one."""

    def generate(self, inputs: Tensor, begin: int, end: int, max_tokens: int) -> Tensor:
        """The likeliest tokens (B, at most `max_tokens`) for texts (B, S), without `begin`."""


class Written(NamedTuple):
    """A text that was asked for and the one that was written."""

    input: str
    expected: str
    text: str


def written_texts(
    model: nn.Module,
    source: BatchSource,
    task: TaskSpec,
    vocabulary: Tokenizer,
    *,
    count: int,
) -> list[Written]:
    """What the model writes for the first `count` samples; nothing when it cannot write."""
    count = min(count, len(source))
    if count == 0 or not isinstance(model, Writer):
        return []
    batch = source.batch(0, np.arange(count))
    inputs, targets = batch[task.inputs[0]], batch[task.target]
    device = next(model.parameters()).device
    begin, end = (vocabulary.special(name) for name in ("begin", "end"))
    with evaluating(model):
        tokens = model.generate(inputs.to(device), begin, end, targets.shape[1]).cpu().numpy()
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


def until_end(tokens: NDArray[np.int64], vocabulary: Tokenizer) -> NDArray[np.int64]:
    """The tokens up to the end token, if there is one."""
    end = vocabulary.special_tokens.get("end")
    if end is None:
        return tokens
    ends = np.flatnonzero(tokens == end)
    return tokens[: ends[0]] if len(ends) else tokens


def _text(tokens: NDArray[np.int64], vocabulary: Tokenizer) -> str:
    """The text up to its end, without padding."""
    return vocabulary.decode(until_end(tokens[tokens != IGNORED], vocabulary))
