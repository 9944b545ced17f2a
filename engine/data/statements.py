"""Statements of Python code: the keyword that one begins with, and what it contains."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from engine.data.python_code import MODULES, Sample, is_plain, lines_of, modules

_HEADS: dict[type, tuple[str, Callable[[Any], list[ast.AST | None]]]] = {
    ast.ExceptHandler: ("except", lambda node: [node.type]),
    ast.For: ("for", lambda node: [node.target, node.iter]),
    ast.If: ("if", lambda node: [node.test]),
    ast.Raise: ("raise", lambda node: [node.exc, node.cause]),
    ast.Return: ("return", lambda node: [node.value]),
    ast.While: ("while", lambda node: [node.test]),
    ast.With: (
        "with",
        lambda node: [
            part for item in node.items for part in (item.context_expr, item.optional_vars)
        ],
    ),
}
"""Statements by their keyword, and what follows it up to the colon or the end."""
KEYWORDS = tuple(keyword for keyword, _ in _HEADS.values())


@lru_cache(maxsize=2 * len(MODULES))
def keywords(name: str, *, length: int) -> list[Sample]:
    """What follows the keyword of a module's statements, and the place in `KEYWORDS` of it."""
    source = lines_of(modules()[name])
    found = (
        (_segment(source, [part for part in _HEADS[type(node)][1](node) if part]), type(node))
        for node in ast.walk(ast.parse(modules()[name]))
        if type(node) in _HEADS
    )
    return [
        (text, KEYWORDS.index(_HEADS[kind][0]))
        for text, kind in found
        if text and len(text) <= length and is_plain(text)
    ]


CONSTRUCTS: dict[str, tuple[type, ...]] = {
    "call": (ast.Call,),
    "attribute": (ast.Attribute,),
    "item": (ast.Subscript,),
    "arithmetic": (ast.BinOp, ast.AugAssign),
    "comparison": (ast.Compare,),
    "logic": (ast.BoolOp, ast.Not),
    "string": (ast.JoinedStr, str),
    "number": (int, float, complex),
    "collection": (ast.List, ast.Tuple, ast.Dict, ast.Set),
    "comprehension": (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
}
"""What a statement can contain; types of constants stand for themselves."""
_SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Return)


@lru_cache(maxsize=2 * len(MODULES))
def constructs(name: str, *, length: int) -> list[Sample]:
    """A module's simple statements and conditions on one line each, and 0 or 1 for each of
    `CONSTRUCTS`."""
    source = lines_of(modules()[name])
    found = ((_segment(source, [node]), node) for node in _statements(name))
    return [
        (text, _contained(node))
        for text, node in found
        if 0 < len(text) <= length and is_plain(text)
    ]


def _statements(name: str) -> Iterator[ast.AST]:
    for node in ast.walk(ast.parse(modules()[name])):
        if isinstance(node, ast.If | ast.While):
            yield node.test
        elif isinstance(node, _SIMPLE) and not _is_docstring(node):
            yield node


def _contained(statement: ast.AST) -> tuple[int, ...]:
    kinds: set[type] = set()
    for node in ast.walk(statement):
        kinds.add(type(node.value) if isinstance(node, ast.Constant) else type(node))
    return tuple(int(not kinds.isdisjoint(types)) for types in CONSTRUCTS.values())


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _segment(lines: list[str], nodes: list[Any]) -> str:
    """The code from the first node to the last on one line; empty without nodes."""
    if not nodes:
        return ""
    first, last = nodes[0], nodes[-1]
    parts = lines[first.lineno - 1 : last.end_lineno]
    if not all(map(str.isascii, parts)):  # columns count bytes
        return ""
    parts[-1] = parts[-1][: last.end_col_offset]
    parts[0] = parts[0][first.col_offset :]
    return " ".join("".join(parts).split())
