"""Changing what a model is given: its numbers, or the vectors that stand for its tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from engine.data.batching import Batch
from engine.health.outcome import Skipped
from engine.health.subject import Subject

Change = Callable[[Tensor], Tensor]


@contextmanager
def perturbed(subject: Subject, model: nn.Module, batch: Batch, change: Change) -> Iterator[Batch]:
    """The batch to give to the model within: floating-point inputs are changed in it, and where
    there are none, what the model's embeddings give is changed on its way.

    Raises:
        Skipped: when there is neither.
    """
    floats = [
        name
        for name in subject.task.inputs
        if isinstance(batch[name], Tensor) and batch[name].is_floating_point()
    ]
    if floats:
        yield batch | {name: change(batch[name]) for name in floats}
        return
    embeddings = [module for module in model.modules() if isinstance(module, nn.Embedding)]
    if not embeddings:
        raise Skipped("It is given whole numbers and has no nn.Embedding that could be changed.")

    def changed(_: nn.Module, inputs: Any, output: Tensor) -> Tensor:
        return change(output)

    handles = [module.register_forward_hook(changed) for module in embeddings]
    try:
        yield batch
    finally:
        for handle in handles:
            handle.remove()
