"""From the text of a query to a tree of what it asks, not knowing yet which names there are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import cast

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedInput, UnexpectedToken

from engine.runs.query.errors import QueryError

LONGEST = 2_000
DEEPEST = 60
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_HINT = 'As in: val/loss < 1.5 and optimizer.name == "adamw".'


@dataclass(frozen=True, slots=True)
class Operand:
    """A fact, or a function of a metric, by the name that was typed."""

    name: str
    column: int
    function: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """What something is compared with, as it was typed."""

    text: str
    column: int


@dataclass(frozen=True, slots=True)
class Words:
    """Words that are looked for in name, tags and the like."""

    text: str
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Known:
    """Whether a run has a fact at all."""

    operand: Operand
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Comparison:
    """A fact against one value, or against several for `in`."""

    operand: Operand
    operator: str
    values: Sequence[Value]
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Negation:
    """What must not hold."""

    part: Node
    depth: int


@dataclass(frozen=True, slots=True)
class Every:
    """All of it must hold; of nothing, all does."""

    parts: Sequence[Node]
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Either:
    """One of it must hold."""

    parts: Sequence[Node]
    depth: int


Node = Words | Known | Comparison | Negation | Every | Either


def operands(node: Node) -> Iterator[Operand]:
    """The facts and metrics that a query has conditions on."""
    match node:
        case Known() | Comparison():
            yield node.operand
        case Negation():
            yield from operands(node.part)
        case Every() | Either():
            for part in node.parts:
                yield from operands(part)


def parse(text: str) -> Node:
    """The tree of a query; an empty one wants all runs.

    Raises:
        QueryError: when it makes no sense, with the column.
    """
    node = cast(Node, _parsed(text, "query"))
    if node.depth > DEEPEST:
        raise QueryError(text, 0, f"parts are nested more than {DEEPEST} deep", "Write it flatter.")
    return node


def parse_operand(text: str) -> Operand:
    """A column or what to sort by: a name or a function of one.

    Raises:
        QueryError: when it is something else.
    """
    return cast(Operand, _parsed(text, "term"))


def _parsed(text: str, start: str) -> object:
    if len(text) > LONGEST:
        message = f"it has {len(text):,} characters, and {LONGEST:,} are the most"
        raise QueryError(text, LONGEST, message)
    try:
        return _grammar().parse(text, start=start)
    except UnexpectedInput as error:
        raise _explained(text, error) from None


@lru_cache(maxsize=1)
def _grammar() -> Lark:
    """Builds the tree from below while it parses, so that no depth of it is too deep."""
    grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", start=["query", "term"], transformer=_Builder())


def _explained(text: str, error: UnexpectedInput) -> QueryError:
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return QueryError(text, len(text.rstrip()), "it ends too early", _HINT)
    assert error.pos_in_stream is not None
    rest = text[error.pos_in_stream :]
    if rest[0] in "\"'`":
        message = f"the {rest[0]} that begins here has no end"
        return QueryError(text, error.pos_in_stream, message, f"Add a {rest[0]}.")
    remedy = "Put words with signs in quotes."
    if rest[0] in "<>=~" or rest.startswith("!="):
        remedy = f"The name of a fact is missing before it. {_HINT}"
    word = rest.split(maxsplit=1)[0][:30]
    return QueryError(text, error.pos_in_stream, f"{word!r} makes no sense here", remedy)


def _unquoted(token: Token) -> str:
    text = str(token)
    if token.type == "WORD":
        return text
    return text[1:-1] if token.type == "NAME" else _ESCAPED.sub(r"\1", text[1:-1])


def _column(token: Token) -> int:
    assert token.start_pos is not None
    return token.start_pos


def _deeper(parts: Sequence[Node]) -> int:
    return 1 + max(part.depth for part in parts)


class _Builder(Transformer[Token, object]):
    """Makes a node of each rule that the parser has recognised."""

    def query(self, children: list[Node]) -> Node:
        return children[0] if children and children[0] is not None else Every(())

    def term(self, children: list[Operand]) -> Operand:
        return children[0]

    def either(self, children: list[Node]) -> Node:
        return Either(tuple(children), _deeper(children))

    def both(self, children: list[Node]) -> Node:
        return Every(tuple(children), _deeper(children))

    def negation(self, children: list[Node]) -> Node:
        return Negation(children[0], _deeper(children))

    def words(self, children: list[Token]) -> Node:
        return Words(_unquoted(children[0]))

    def known(self, children: list[Operand]) -> Node:
        return Known(children[-1])

    def comparison(self, children: tuple[Operand, Token, Value]) -> Node:
        operand, operator, value = children
        return Comparison(operand, _operator(operator), (value,))

    def membership(self, children: list[object]) -> Node:
        operand, operator, *values = children
        kept = tuple(value for value in values if isinstance(value, Value))
        return Comparison(cast(Operand, operand), _operator(cast(Token, operator)), kept)

    def name(self, children: list[Token]) -> Operand:
        return Operand(_unquoted(children[0]), _column(children[0]))

    def function(self, children: tuple[Token, Operand]) -> Operand:
        function, operand = children
        return Operand(operand.name, operand.column, str(function).lower())

    def literal(self, children: list[Token]) -> Value:
        return Value(_unquoted(children[0]), _column(children[0]))


def _operator(token: Token) -> str:
    words = " ".join(token.lower().split())
    return "==" if words == "=" else words
