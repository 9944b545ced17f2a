"""FactRow: the facts of one run in little memory; runs that have the same facts share the names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar, overload

from engine.runs.facts import Fact

T = TypeVar("T")


class Shape:
    """The names of the facts that a row has: those of facts, then those of metrics."""

    __slots__ = ("measured", "names", "plain", "position")

    def __init__(self, names: Sequence[str], plain: int) -> None:
        self.names = tuple(names)
        self.plain = plain
        """How many of the names are not those of metrics."""
        self.measured = {name: plain + at for at, name in enumerate(self.metrics)}
        """Where the metrics stand; one may be called as a fact."""
        self.position = self.measured | {name: at for at, name in enumerate(self.names[:plain])}

    @property
    def metrics(self) -> Sequence[str]:
        """Names of the metrics, sorted."""
        return self.names[self.plain :]


class FactRow(Mapping[str, Fact]):
    """A mapping that cannot be changed; a name that it does not have is not known.

    Where a metric is called as a fact, the name is that of the fact, and `metric` gives the other.
    """

    __slots__ = ("shape", "values_of")

    def __init__(self, shape: Shape, values: Sequence[Fact]) -> None:
        self.shape = shape
        self.values_of = values

    def __getitem__(self, name: str) -> Fact:
        return self.values_of[self.shape.position[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self.shape.position)

    def __len__(self) -> int:
        return len(self.shape.position)

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

    def metric(self, name: str) -> Fact:
        """The newest value of a metric, whatever facts are called; None when there is none."""
        position = self.shape.measured.get(name)
        return None if position is None else self.values_of[position]

    def fact(self, name: str) -> Fact:
        """A fact that is no metric; None when it is not known."""
        position = self.shape.position.get(name, self.shape.plain)
        return self.values_of[position] if position < self.shape.plain else None

    def without_metrics(self) -> dict[str, Fact]:
        """The facts that are not the newest values of metrics."""
        return dict(zip(self.shape.names[: self.shape.plain], self.values_of, strict=False))


class Shapes:
    """Every shape that was met, once."""

    def __init__(self) -> None:
        self._known: dict[tuple[tuple[str, ...], int], Shape] = {}

    def row(self, facts: Mapping[str, Fact], metrics: Mapping[str, float]) -> FactRow:
        """Facts and metrics as a row."""
        logged = sorted(metrics)
        shape = self.shape((*facts, *logged), len(facts))
        return FactRow(shape, (*facts.values(), *(metrics[name] for name in logged)))

    def shape(self, names: tuple[str, ...], plain: int) -> Shape:
        """The one shape with these names."""
        known = self._known.get((names, plain))
        if known is None:
            self._known[names, plain] = known = Shape(names, plain)
        return known
