"""Snapshot: all that goes into one checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The weights, the trainer's state and, where there is one, the average of the weights."""

    step: int
    weights: dict[str, Tensor]
    """Each tensor once, under its first name."""
    tied: dict[str, str]
    """Further names of these tensors, and their first one."""
    state: dict[str, Any]
    average: dict[str, Tensor] | None = None

    @classmethod
    def of(
        cls,
        step: int,
        model: nn.Module,
        state: dict[str, Any],
        average: Mapping[str, Tensor] | None = None,
        *,
        buffers: list[Tensor] | None = None,
    ) -> Snapshot:
        """A copy on the CPU, so that training can go on while it is written.

        ``buffers`` are the tensors of an earlier copy, to be overwritten where they fit, and those
        of this copy afterwards: memory that is new to the process costs five times the copying.
        """
        weights, tied = untied(model)
        copy = _Copier([] if buffers is None else buffers)
        return cls(
            step,
            _each(copy, weights),
            tied,
            copy.tree(state),
            None if average is None else _each(copy, average),
        )

    @classmethod
    def borrowed(
        cls,
        step: int,
        model: nn.Module,
        state: dict[str, Any],
        average: Mapping[str, Tensor] | None = None,
    ) -> Snapshot:
        """The live tensors: to be written before training goes on."""
        weights, tied = untied(model)
        return cls(
            step,
            _each(torch.Tensor.detach, weights),
            tied,
            state,
            None if average is None else _each(torch.Tensor.detach, average),
        )


def untied(model: nn.Module) -> tuple[dict[str, Tensor], dict[str, str]]:
    """A model's tensors, those that are the same memory once, and the names left out."""
    first_of: dict[tuple[object, ...], str] = {}
    weights: dict[str, Tensor] = {}
    tied: dict[str, str] = {}
    for name, tensor in model.state_dict().items():
        first = first_of.setdefault(_identity(name, tensor), name)
        if first == name:
            weights[name] = tensor
        else:
            tied[name] = first
    return weights, tied


def _identity(name: str, tensor: Tensor) -> tuple[object, ...]:
    """Equal for two names of the same numbers in the same memory."""
    if not tensor.numel():
        return (name,)
    return tensor.device, tensor.data_ptr(), tensor.dtype, tensor.shape, tensor.stride()


def _each(change: Callable[[Tensor], Tensor], tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Contiguous, as safetensors are."""
    return {name: change(tensor).contiguous() for name, tensor in tensors.items()}


class _Copier:
    """Copies tensors to the CPU, one after the other into the buffers that there are."""

    def __init__(self, buffers: list[Tensor]) -> None:
        self._old = iter(tuple(buffers))
        self._used = buffers
        buffers.clear()

    def __call__(self, tensor: Tensor) -> Tensor:
        place = next(self._old, None)
        if place is None or _layout(place) != _layout(tensor):
            place = torch.empty_like(tensor, device="cpu", requires_grad=False)
        self._used.append(place)
        return place.copy_(tensor.detach())

    def tree(self, tree: Any) -> Any:
        """The same dictionaries, lists and plain values, with copies of the tensors."""
        if isinstance(tree, torch.Tensor):
            return self(tree)
        if isinstance(tree, dict):
            return {key: self.tree(value) for key, value in tree.items()}
        if isinstance(tree, list | tuple):
            return type(tree)(self.tree(value) for value in tree)
        return tree


def _layout(tensor: Tensor) -> tuple[object, ...]:
    return tensor.dtype, tensor.shape, tensor.stride()
