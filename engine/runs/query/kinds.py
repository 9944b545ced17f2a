"""Which comparisons make sense for which kind of fact, said before any run is looked at."""

from __future__ import annotations

from engine.runs.query.errors import QueryError
from engine.runs.query.literals import Literal
from engine.runs.query.names import Kind, Term
from engine.runs.query.syntax import Comparison

_ORDERED = ("<", "<=", ">", ">=")
_IN_TEXT = ("~", "contains", "not contains")

_IS_A: dict[Kind, str] = {
    "switch": "on or off: compare it with true or false",
    "time": "a time: compare it with a date such as 2026-11-01 or 2026-11-01T18:30",
    "duration": "a time in seconds: compare it with a number such as 90, or 10m, 1.5h, 2d",
    "number": "a number: compare it with one such as 1.5 or 1e-3",
    "list": "a list: write `contains` or `==` for one of its parts",
    "text": "a text",
}


def check(node: Comparison, term: Term, kind: Kind, literals: list[Literal], text: str) -> None:
    """Refuse what is false for every run.

    Raises:
        QueryError: for a comparison that this kind of fact does not have.
    """
    if kind == "text" or (kind == "list" and node.operator not in _ORDERED):
        return
    misplaced = node.operator in _IN_TEXT or kind == "list"
    wrong = [
        value
        for value, literal in zip(node.values, literals, strict=True)
        if misplaced or not _fits(kind, literal)
    ]
    if wrong:
        got = f"{node.operator} {wrong[0].text}" if misplaced else repr(wrong[0].text)
        message = f"{term} is {_IS_A[kind]}, not with {got}"
        raise QueryError(text, wrong[0].column, message)


def _fits(kind: Kind, literal: Literal) -> bool:
    match kind:
        case "switch":
            return literal.boolean is not None
        case "time":
            return literal.span is not None
        case "duration":
            return literal.number is not None or literal.seconds is not None
        case _:
            return literal.number is not None
