"""Names: which facts there are to ask for, and which one a typed name means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from itertools import islice
from typing import Literal

from engine.directions import mode_by_name
from engine.runs.entry import Entry
from engine.runs.facts import Fact
from engine.runs.query.errors import QueryError
from engine.runs.query.syntax import Operand

_ALIASES = {
    "batch_size": "batching.batch_size",
    "data.kind": "data.source",
    "lr": "optimizer.lr",
    "metric": "best.metric",
    "optimizer": "optimizer.name",
    "scheduler": "scheduler.name",
    "seed": "reproducibility.seed",
    "task": "task.kind",
}
"""Short names that would be ambiguous, or are no end of a name."""
_PREFIXES = ("training.", "spec.training.", "spec.")
METRIC = "metric."
"""In front of the name of a metric: what is meant is the metric, though a fact may be called so."""
_MOST_OFFERED = 3
_LOOKED_AT = 200
"""Runs that tell of what kind a fact is."""

Kind = Literal["switch", "time", "duration", "number", "list", "text"]


@dataclass(frozen=True, slots=True)
class Term:
    """What is asked of a run: a fact, or the lowest or highest value of a metric."""

    name: str
    extreme: str = ""
    """`min`, `max` or nothing."""

    def __str__(self) -> str:
        return f"{self.extreme}({self.name})" if self.extreme else self.name


class Names:
    """The facts and metrics of some runs."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries
        shapes = {id(entry.facts.shape): entry.facts.shape for entry in entries}
        self.facts: Sequence[str] = _once(
            name for shape in shapes.values() for name in shape.names[: shape.plain]
        )
        logged = {name for shape in shapes.values() for name in shape.metrics}
        self._logged = _asked_for_as(logged, frozenset(self.facts))
        self.metrics: Sequence[str] = sorted(self._logged)

    def metric(self, name: str) -> str | None:
        """The metric, as it was logged, of a whole name; None for that of a fact."""
        return self._logged.get(name)

    @cached_property
    def all(self) -> frozenset[str]:
        """Every name."""
        return frozenset((*self.facts, *self.metrics))

    def kind(self, name: str) -> Kind | None:
        """What the facts of that name are, as far as the first runs that have it tell.

        None when none is known, or they are not of one kind.
        """
        kinds = set(islice(self._kinds(name), _LOOKED_AT))
        return kinds.pop() if len(kinds) == 1 else None

    def is_always(self, name: str, kind: Kind) -> bool:
        """Whether the facts of that name are of one kind in all runs."""
        return all(other == kind for other in self._kinds(name))

    def _kinds(self, name: str) -> Iterator[Kind]:
        metric, rows = self.metric(name), (entry.facts for entry in self._entries)
        if metric is not None:  # what it is called says nothing of times
            return (_kind("", fact) for row in rows if (fact := row.metric(metric)) is not None)
        return (_kind(name, fact) for row in rows if (fact := row.fact(name)) is not None)

    def term(self, operand: Operand, text: str) -> Term:
        """What a name in the query `text` means.

        Raises:
            QueryError: for a name that no run has, with those that are near.
        """
        name = self.name(operand, text)
        if not operand.function:
            return Term(name)
        if self.all and self.metric(name) is None:
            remedy = "Only metrics, such as val/loss, have lowest and highest values."
            raise QueryError(text, operand.column, f"{name!r} is no metric", remedy)
        return Term(name, _extreme(operand, name, text))

    def name(self, operand: Operand, text: str) -> str:
        """The whole name of what was typed, perhaps shorter or in other case.

        Raises:
            QueryError: for a name that no run has, with those that are near.
        """
        wanted = operand.name
        for candidate in _candidates(wanted):
            if candidate in self.all or not self.all:
                return candidate
        if wanted.startswith(METRIC) and (bare := wanted.removeprefix(METRIC)) in self._logged:
            return bare
        ends = [name for name in self.all if name.endswith((f".{wanted}", f"/{wanted}"))]
        same = [name for name in self.all if name.casefold() == wanted.casefold()]
        if len(ends) == 1 or len(same) == 1:
            return (same or ends)[0]
        message = f"no run has {wanted!r}"
        if ends:
            message = f"{wanted!r} may be {_either(sorted(ends))}"
        raise QueryError(text, operand.column, message, self._offered(wanted, ends))

    def _offered(self, wanted: str, ends: Sequence[str]) -> str:
        if ends:
            return "Write the whole name."
        pool = {name.casefold(): name for name in (*_ALIASES, *self.all)}
        near = get_close_matches(wanted.casefold(), pool, n=_MOST_OFFERED, cutoff=0.6)
        if near:
            return f"Is it {_either([pool[name] for name in near])}?"
        some = ["status", "optimizer.name", *self.metrics[:_MOST_OFFERED]]
        return f"There is, for example, {_either(some)}; put names with signs in backticks."


def _kind(name: str, fact: Fact) -> Kind:
    match fact:
        case bool():
            return "switch"
        case int() | float() if name.endswith("_at"):
            return "time"
        case int() | float():
            return "duration" if name.endswith("_s") else "number"
        case tuple():
            return "list"
        case _:
            return "text"


def _candidates(wanted: str) -> list[str]:
    """Names that are tried as they are, the likeliest first."""
    bare = [wanted.removeprefix(prefix) for prefix in _PREFIXES if wanted.startswith(prefix)]
    aliases = [_ALIASES[wanted.casefold()]] if wanted.casefold() in _ALIASES else []
    return [wanted, *bare, *aliases]


def _extreme(operand: Operand, name: str, text: str) -> str:
    if operand.function != "best":
        return operand.function
    mode = mode_by_name(name.removeprefix(METRIC))
    if mode is not None:
        return mode
    remedy = f"Write min({name}) or max({name})."
    raise QueryError(text, operand.column, f"it is not known which {name} is better", remedy)


def _either(names: Sequence[str]) -> str:
    """`a, b or c`."""
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


def _asked_for_as(logged: Iterable[str], facts: frozenset[str]) -> dict[str, str]:
    """The metrics under the names that they are asked for by: not those of facts."""
    known = {name: name for name in logged if name not in facts}
    for name in sorted(set(logged) & facts):
        told = METRIC + name
        while told in known or told in facts:
            told = METRIC + told
        known[told] = name
    return known


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
