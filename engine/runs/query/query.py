"""A query as a test of runs, bound to the names that they have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, tzinfo
from functools import cached_property
from typing import Protocol

from engine.runs.entry import Entry
from engine.runs.facts import Fact
from engine.runs.query import kinds
from engine.runs.query.errors import QueryError
from engine.runs.query.literals import literal_of
from engine.runs.query.meaning import haystack, test_of
from engine.runs.query.names import Names, Term
from engine.runs.query.syntax import (
    Comparison,
    Either,
    Every,
    Known,
    Negation,
    Node,
    Words,
    operands,
    parse,
    parse_operand,
)

Predicate = Callable[[Entry], bool]
Reading = Callable[[Entry], Fact]


class Index(Protocol):
    """Who knows the lowest and the highest value of a metric."""

    def extremes(self, entry: Entry, metric: str) -> tuple[float, float] | None: ...


class Language:
    """Understands queries and columns about some runs; dates are meant in `zone`.

    Without a zone they are meant as this machine's clock showed them, summer or winter.
    """

    def __init__(self, index: Index, entries: Sequence[Entry], zone: tzinfo | None = UTC) -> None:
        self._index = index
        self.entries = entries
        self._zone = zone
        self.names = Names(entries)

    @cached_property
    def run_names(self) -> Mapping[str, str]:
        """The name of each run by its id."""
        return {entry.id: entry.name for entry in self.entries}

    def find(self, text: str) -> Sequence[Entry]:
        """The runs that a query asks for, in their order.

        Raises:
            QueryError: for a query that cannot be understood, with the place.
        """
        node = parse(text)
        if node == Every(()):
            return self.entries
        predicate = self._predicate(node, text)
        return [entry for entry in self.entries if predicate(entry)]

    def reading(self, text: str) -> tuple[Term, Reading]:
        """What a column shows: its whole name, and how to read it from a run.

        Raises:
            QueryError: for a name that no run has.
        """
        term = self.names.term(parse_operand(text), text)
        return term, self._reading(term)

    def asks_about(self, fact: str, text: str) -> bool:
        """Whether a query has a condition on a fact, as against a word that is spelt like it.

        Raises:
            QueryError: for a query that cannot be understood.
        """
        return any(self.names.name(operand, text) == fact for operand in operands(parse(text)))

    def _predicate(self, node: Node, text: str) -> Predicate:
        match node:
            case Words():
                return _with_words([node.text])
            case Known():
                read = self._reading(Term(self.names.name(node.operand, text)))
                return lambda entry: read(entry) is not None
            case Negation():
                inner = self._predicate(node.part, text)
                return lambda entry: not inner(entry)
            case Every():
                return self._every(node.parts, text)
            case Either():
                parts = [self._predicate(part, text) for part in node.parts]
                return lambda entry: any(part(entry) for part in parts)
            case Comparison():
                return self._comparison(node, text)

    def _every(self, nodes: Sequence[Node], text: str) -> Predicate:
        words = [node.text for node in nodes if isinstance(node, Words)]
        parts = [self._predicate(node, text) for node in nodes if not isinstance(node, Words)]
        parts += [_with_words(words)] if words else []
        return lambda entry: all(part(entry) for part in parts)

    def _comparison(self, node: Comparison, text: str) -> Predicate:
        term = self.names.term(node.operand, text)
        literals = [literal_of(value.text, self._zone) for value in node.values]
        kind = self.names.kind(term.name)
        if kind is not None:
            try:
                kinds.check(node, term, kind, literals, text)
            except QueryError:
                if self.names.is_always(term.name, kind):  # else some run has it otherwise
                    raise
        test, read = test_of(node.operator, literals), self._reading(term)
        return lambda entry: test(read(entry))

    def _reading(self, term: Term) -> Reading:
        name, metric, index = term.name, self.names.metric(term.name), self._index
        if metric is None:
            return lambda entry: entry.facts.fact(name)
        if not term.extreme:
            return lambda entry: entry.facts.metric(metric)
        which = 1 if term.extreme == "max" else 0

        def read(entry: Entry) -> Fact:
            found = index.extremes(entry, metric)
            return None if found is None else found[which]

        return read


def _with_words(words: Sequence[str]) -> Predicate:
    """Whether a run has every word; what is searched is put together once for all of them."""
    wanted = [word.casefold() for word in words]

    def test(entry: Entry) -> bool:
        found = haystack(entry.facts)
        return all(word in found for word in wanted)

    return test
