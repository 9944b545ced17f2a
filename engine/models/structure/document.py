"""Structure: what one pass of a real batch showed of a model, so that a screen needs no torch."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from engine.frozen import Frozen
from engine.health.report import Value
from engine.models.specs import ModelSpec
from engine.models.version import version_of

Shape = tuple[int, ...]
ROOT = ""
"""Path of the whole model."""
_MOST_CALLS = 256
"""Calls of one module by one forward that are told apart."""


def call_key(path: str, number: int) -> str:
    """What a call of a module by a forward is called: its path, from the second on numbered."""
    return path if number == 1 else f"{path}#{min(number, _MOST_CALLS)}"


class ModuleFact(Frozen):
    """One module, named as `model.named_modules()` does."""

    path: str
    type: str
    """Name of its class."""
    described: str = ""
    """What PyTorch prints of it beside its parts: `in_features=64, bias=False`."""
    calls: int = 0
    """How often it was called in the pass; 0 for lists, and for what is not used."""
    inputs: tuple[Shape, ...] = ()
    """Shapes of the tensors of its first call, the batch among them."""
    outputs: tuple[Shape, ...] = ()
    parameters: int = 0
    """Numbers in it and in what it holds; those that are shared count where they are met first."""
    own_parameters: int = 0
    """Numbers that belong to it and to none of its parts."""
    trained: int = 0
    """Those of `parameters` that training changes."""
    buffers: int = 0
    """Numbers that belong to it and what it holds but are no parameters."""
    shares: tuple[str, ...] = ()
    """Parameters of its own that belong to another module as well, by their first name."""
    flops: int = 0
    """Floating-point operations of all its calls: matrix products, convolutions, attention."""
    kept_bytes: int = 0
    """What the backward pass needs of it and of what it holds, for the batch."""
    own_kept_bytes: int = 0
    """Those of them that operations of its own keep."""

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition(".")[2]


class Edge(Frozen):
    """The input of one call was computed from the output of another, both made by one module."""

    within: str
    """Path of the module whose forward makes both."""
    source: str
    """The call before, as `call_key` says; `within` itself for what it was given."""
    target: str
    """The call after; `within` itself for what it gives."""


class Weight(Frozen):
    """One parameter as it is before training."""

    name: str
    shape: Shape
    dtype: str
    role: str
    """See `engine.parameters.plan.Role`."""
    decayed: bool
    """Whether weight decay acts on it, by the settings of the run it was looked at with."""
    trained: bool
    aliases: tuple[str, ...] = ()
    mean: Value
    std: Value
    """None for a single number."""
    training_bytes: int = 0
    """The numbers themselves, their gradient and what the optimizer remembers of them."""

    @property
    def count(self) -> int:
        total = 1
        for side in self.shape:
            total *= side
        return total


class Structure(Frozen):
    """The structure of one version of a model with one data set and task."""

    version: Literal[1] = 1
    digest: str
    """What was looked at: see `engine.health.kept.digest_of`."""
    measured_at: float
    """Seconds since 1970."""
    task: dict[str, Any]
    model: dict[str, Any]
    data: dict[str, Any]
    """The documents that were looked at, as in a RunSpec."""
    batch_size: int
    """Samples of the pass."""
    environment: dict[str, Any] = {}
    modules: tuple[ModuleFact, ...]
    """In the order of `model.named_modules()`: each behind the one that holds it."""
    callers: dict[str, str]
    """Of each call the module whose forward made it first, in their order; none for the model."""
    edges: tuple[Edge, ...]
    weights: tuple[Weight, ...]
    loss_kept_bytes: int
    """What the loss keeps for the backward pass, beside the model."""
    printed: str
    """The model as PyTorch prints it."""
    found: tuple[str, ...] = ()
    """How imported code is called, in sentences."""
    took_s: float

    @cached_property
    def version_of_model(self) -> str:
        """The version of the model; empty for one that this program does not know any more."""
        try:
            return version_of(_MODEL.validate_python(self.model))
        except ValidationError:
            return ""

    @cached_property
    def by_path(self) -> dict[str, ModuleFact]:
        """The modules by their paths."""
        return {module.path: module for module in self.modules}

    def called(self, key: str) -> ModuleFact:
        """The module of a call."""
        known = self.by_path.get(key)
        return self.by_path[key.rpartition("#")[0]] if known is None else known

    @property
    def whole(self) -> ModuleFact:
        """The model itself."""
        return self.modules[0]

    @cached_property
    def parts(self) -> dict[str, tuple[str, ...]]:
        """The paths of the modules that each holds, in the model's order."""
        found: dict[str, list[str]] = {module.path: [] for module in self.modules}
        for module in self.modules[1:]:
            found[module.path.rpartition(".")[0]].append(module.path)
        return {path: tuple(parts) for path, parts in found.items()}


_MODEL: TypeAdapter[ModelSpec] = TypeAdapter(ModelSpec)
