"""Arguments of imported code as they are typed: texts, values, and what is wrong with them."""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from engine.data.specs import DataFacts
from engine.errors import Problem
from engine.models.imported.matching import Match, Matched, disagreement

MOST_LETTERS = 10_000
"""Of one typed value."""
_KINDS = {
    "int": "int",
    "float": "float",
    "bool": "bool",
    "str": "str",
    "list": "list",
    "List": "list",
    "tuple": "list",
    "Tuple": "list",
    "Sequence": "list",
    "Iterable": "list",
    "dict": "dict",
    "Dict": "dict",
    "Mapping": "dict",
}
"""Names in annotations, and the kind of JSON value that is meant."""
_IN_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "True or False",
    "str": "a text",
    "list": "a list, as in [1, 2]",
    "dict": 'a mapping, as in {"a": 1}',
    "none": "None",
}
_ANY = "any"
_TYPES: dict[str, type] = {"bool": bool, "str": str, "list": list, "dict": dict, _ANY: object}


@dataclass(frozen=True, slots=True)
class Taken:
    """What an argument takes, as its annotation says."""

    kinds: frozenset[str]
    """Of int, float, bool, str, list, dict, none; any where it does not tell."""
    choices: tuple[JsonValue, ...] = ()
    """The values that it takes, where the annotation lists them."""

    @property
    def is_text(self) -> bool:
        """Whether it takes texts and perhaps None, and nothing else."""
        return "str" in self.kinds and self.kinds <= {"str", "none"} and not self.choices

    @property
    def offered(self) -> tuple[JsonValue, ...]:
        """What can be chosen from, where there is little to choose from."""
        if self.kinds == {"bool"}:
            return (True, False)
        return self.choices if self.kinds <= {"none"} else ()


@dataclass(frozen=True, slots=True)
class Row:
    """One argument of a model: its value now, where that is from, and what is wrong with it."""

    match: Match
    given: bool
    """Whether the model is built with a value; else with the code's own default."""
    value: JsonValue
    said: str
    """Where the value is from, as a sentence."""
    warning: str = ""
    problem: Problem | None = None

    @property
    def name(self) -> str:
        return self.match.name


def taken(annotation: str) -> Taken:
    """What an annotation says, as it is written; everything where it says nothing known."""
    try:
        found = list(_found(ast.parse(annotation.strip(), mode="eval").body))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Taken(frozenset({_ANY}))
    kinds = frozenset(kind for kind, _ in found if kind != "choice")
    choices = tuple(value for kind, value in found if kind == "choice")
    return Taken(kinds, choices)


def value_of(text: str, annotation: str) -> JsonValue:
    """The value that a text stands for, as JSON or Python writes it; else the text itself."""
    text = text.strip()
    if taken(annotation).is_text and not text.startswith('"') and text not in ("None", "null"):
        return text
    for read in (_read_json, ast.literal_eval):
        try:
            return _plain(read(text))
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
    return text


def text_of(value: JsonValue, annotation: str) -> str:
    """A text that stands for a value."""
    if isinstance(value, str):
        plain = value.strip() == value != "" and value_of(value, annotation) == value
        return value if plain else json.dumps(value, ensure_ascii=False)
    return repr(value) if value is None or isinstance(value, bool) else json.dumps(value)


def fault_of(name: str, value: JsonValue, annotation: str) -> Problem | None:
    """What is wrong with the kind of a value; None for nothing, or where nothing is known."""
    known = taken(annotation)
    fits = any(_is(value, kind) for kind in known.kinds)
    chosen = any(value == choice and type(value) is type(choice) for choice in known.choices)
    if fits or chosen:
        return None
    words = [_IN_WORDS[kind] for kind in sorted(known.kinds)] + [repr(c) for c in known.choices]
    return Problem(f"model.arguments.{name}", f"must be {' or '.join(words)}", repr(value)[:80])


def rows_of(
    found: Matched, facts: DataFacts | None, arguments: Mapping[str, JsonValue]
) -> tuple[Row, ...]:
    """All arguments, with the values that a model is to be built with."""
    known = {match.name for match in found.matches}
    rows = [_row(match, facts, arguments) for match in found.matches]
    for name in arguments:
        if name not in known:
            rows.append(_unknown(name, arguments[name], takes_all=found.takes_all))
    return tuple(rows)


def _row(match: Match, facts: DataFacts | None, arguments: Mapping[str, JsonValue]) -> Row:
    name = match.name
    if name not in arguments:
        if not match.required:
            return Row(match, False, None, f"The code's own default: {match.default}.")
        problem = Problem(f"model.arguments.{name}", "a value is needed", "None", _needed(match))
        return Row(match, False, None, "Nothing says what it is.", problem=problem)
    value = arguments[name]
    return Row(
        match,
        True,
        value,
        _said(match, value),
        _warning(name, value, facts),
        fault_of(name, value, match.annotation),
    )


def _warning(name: str, value: JsonValue, facts: DataFacts | None) -> str:
    """What it and the data say otherwise; of a whole configuration each of its entries."""
    entries = value if isinstance(value, dict) else {name: value}
    found = (disagreement(key, entry, facts) for key, entry in entries.items())
    return " ".join(sentence for sentence in found if sentence)


def _unknown(name: str, value: JsonValue, *, takes_all: bool) -> Row:
    match = Match(name, None, "default", "")
    if takes_all:
        return Row(match, True, value, "Typed here.")
    message, remedy = "the code has no such argument", "Empty the field."
    problem = Problem(f"model.arguments.{name}", message, repr(value)[:80], remedy)
    return Row(match, True, value, "", problem=problem)


def _said(match: Match, value: JsonValue) -> str:
    if match.source not in ("config", "data"):
        return "Typed here."
    if value == match.value and type(value) is type(match.value):
        return match.said
    whose = "config.json" if match.source == "config" else "The data"
    return f"Typed here. {whose} says {text_of(match.value, match.annotation)[:80]}."


def _needed(match: Match) -> str:
    return f"It takes {match.annotation}." if match.annotation else ""


def _found(node: ast.expr) -> Iterator[tuple[str, Any]]:
    """Kinds and choices that an annotation names."""
    match node:
        case ast.Constant(value=None):
            yield "none", None
        case ast.Constant(value=str(inner)):
            yield from _found(ast.parse(inner.strip(), mode="eval").body)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            yield _KINDS.get(name, _ANY), None
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            yield from _found(left)
            yield from _found(right)
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=inner):
            yield from _of_generic(name, inner)
        case _:
            yield _ANY, None


def _of_generic(name: str, inner: ast.expr) -> Iterator[tuple[str, Any]]:
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if name == "Literal":
        yield from (("choice", part.value) for part in parts if isinstance(part, ast.Constant))
    elif name in ("Optional", "Union"):
        if name == "Optional":
            yield "none", None
        for part in parts:
            yield from _found(part)
    else:
        yield _KINDS.get(name, _ANY), None


def _is(value: JsonValue, kind: str) -> bool:
    match kind:
        case "int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "float":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "none":
            return value is None
        case _:
            return isinstance(value, _TYPES[kind])


def _read_json(text: str) -> Any:
    return json.loads(text)


def _plain(value: Any) -> JsonValue:
    """A value as JSON has it.

    Raises:
        ValueError: where JSON has no such value.
    """
    match value:
        case None | bool() | int() | str():
            return value
        case float() if math.isfinite(value):
            return value
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case dict() if all(isinstance(key, str) for key in value):
            return {key: _plain(inner) for key, inner in value.items()}
        case _:
            raise ValueError("JSON has no such value")
