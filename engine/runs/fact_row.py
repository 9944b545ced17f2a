"""FactRow: the facts of one run in little memory; runs that have the same facts share the names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar, overload

from engine.runs.facts import Fact

T = TypeVar("T")


class Shape:
    """The names of the facts that a row has: those of facts, then those of metrics."""

    __slots__ = ("names", "plain", "position")

    def __init__(self, names: Sequence[str], plain: int) -> None:
        self.names = tuple(names)
        self.plain = plain
        """How many of the names are not those of metrics."""
        self.position = {name: position for position, name in enumerate(self.names)}

    @property
    def metrics(self) -> Sequence[str]:
        """Names of the metrics, sorted."""
        return self.names[self.plain :]


class FactRow(Mapping[str, Fact]):
    """A mapping that cannot be changed; a name that it does not have is not known."""

    __slots__ = ("shape", "values_of")

    def __init__(self, shape: Shape, values: Sequence[Fact]) -> None:
        self.shape = shape
        self.values_of = values

    def __getitem__(self, name: str) -> Fact:
        return self.values_of[self.shape.position[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self.shape.names)

    def __len__(self) -> int:
        return len(self.shape.names)

    @overload
    def get(self, name: str, /) -> Fact: ...
    @overload
    def get(self, name: str, default: Fact, /) -> Fact: ...
    @overload
    def get(self, name: str, default: T, /) -> Fact | T: ...
    def get(self, name: str, default: object = None, /) -> object:
        """The fact; Mapping's own way over an exception takes five times as long."""
        position = self.shape.position.get(name)
        return default if position is None else self.values_of[position]

    def without_metrics(self) -> dict[str, Fact]:
        """The facts that are not the newest values of metrics."""
        return dict(zip(self.shape.names[: self.shape.plain], self.values_of, strict=False))


class Shapes:
    """Every shape that was met, once."""

    def __init__(self) -> None:
        self._known: dict[tuple[tuple[str, ...], int], Shape] = {}

    def row(self, facts: Mapping[str, Fact], metrics: Mapping[str, float]) -> FactRow:
        """Facts and metrics as a row; a metric that is called as a fact is left out."""
        own = [name for name in sorted(metrics) if name not in facts]
        shape = self.shape((*facts, *own), len(facts))
        return FactRow(shape, (*facts.values(), *(metrics[name] for name in own)))

    def shape(self, names: tuple[str, ...], plain: int) -> Shape:
        """The one shape with these names."""
        known = self._known.get((names, plain))
        if known is None:
            self._known[names, plain] = known = Shape(names, plain)
        return known
