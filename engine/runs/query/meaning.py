"""What a query means: whether a run is one that it asks for.

A comparison with what a run does not have is false, so `not val/loss < 1` finds those without it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from engine.runs.facts import Fact
from engine.runs.query.literals import Literal

SEARCHED = ("name", "id", "status", "model", "data", "project", "group")
"""Facts, beside the tags, in which words are looked for."""

Test = Callable[[Fact], bool]
"""Whether a fact that is known passes."""

_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def haystack(facts: Mapping[str, Fact]) -> str:
    """The text in which the words of a query are looked for."""
    tags = facts.get("tags")
    found = [str(value) for name in SEARCHED if (value := facts.get(name)) is not None]
    return "\n".join([*found, *(tags if isinstance(tags, tuple) else ())]).casefold()


def test_of(sign: str, literals: list[Literal]) -> Test:
    """What `sign` and the values behind it ask of a fact."""
    match sign:
        case "in":
            tests = [_compared("==", literal) for literal in literals]
            return lambda fact: any(test(fact) for test in tests)
        case "not in":
            tests = [_compared("==", literal) for literal in literals]
            return lambda fact: fact is not None and not any(test(fact) for test in tests)
        case "contains":
            return _contains(literals[0].text)
        case "not contains":
            test = _contains(literals[0].text)
            return lambda fact: fact is not None and not test(fact)
        case "~":
            return _has_words(literals[0].text)
        case _:
            return _compared(sign, literals[0])


def _compared(sign: str, literal: Literal) -> Test:
    compare, text = _COMPARED[sign], literal.text.casefold()

    def test(fact: Fact) -> bool:
        match fact:
            case None:
                return False
            case bool():
                return literal.boolean is not None and compare(fact, literal.boolean)
            case int() | float():
                return _number(sign, fact, literal)
            case tuple():
                return _listed(sign, [part.casefold() for part in fact], text)
            case str():
                return compare(fact.casefold(), text)

    return test


def _number(sign: str, fact: float, literal: Literal) -> bool:
    if literal.span is not None:
        return _within(sign, fact, literal.span)
    number = literal.number if literal.seconds is None else literal.seconds
    if number is None:
        return False
    if number != number and sign in ("==", "!="):  # who asks for NaN means all that is NaN
        return (fact != fact) == (sign == "==")
    return _COMPARED[sign](fact, number)


def _within(sign: str, at: float, span: tuple[float, float]) -> bool:
    """A moment against a day or minute: later than it is after its end."""
    begin, end = span
    match sign:
        case "==":
            return begin <= at < end
        case "!=":
            return not begin <= at < end
        case "<":
            return at < begin
        case "<=":
            return at < end
        case ">":
            return at >= end
        case _:
            return at >= begin


def _listed(sign: str, parts: list[str], text: str) -> bool:
    """A list is equal to each of its parts."""
    if sign == "==":
        return text in parts
    return sign == "!=" and text not in parts


def _contains(text: str) -> Test:
    wanted = text.casefold()

    def test(fact: Fact) -> bool:
        if isinstance(fact, tuple):
            return wanted in [part.casefold() for part in fact]
        return fact is not None and wanted in str(fact).casefold()

    return test


def _has_words(text: str) -> Test:
    words = text.casefold().split()

    def test(fact: Fact) -> bool:
        if fact is None:
            return False
        found = ("\n".join(fact) if isinstance(fact, tuple) else str(fact)).casefold()
        return all(word in found for word in words)

    return test
