"""What each character of Python code is part of: a name, a string, a comment..."""

from __future__ import annotations

import io
import keyword
import tokenize
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate

from engine.data.python_code import MODULES, Sample, is_plain, lines_of, modules

CHARACTERS = ("space", "keyword", "name", "definition", "number", "string", "comment", "operator")
"""What a character can be part of; a definition is the name behind `def` or `class`."""
_BY_TOKEN = {tokenize.NUMBER: "number", tokenize.STRING: "string", tokenize.COMMENT: "comment"}
_LAYOUT = ("NEWLINE", "NL", "INDENT", "DEDENT", "ENDMARKER")


def characters(source: str) -> bytes:
    """For each character of the code the place in `CHARACTERS` of what it is part of."""
    return _marked(source)[0]


@lru_cache(maxsize=2 * len(MODULES))
def windows(name: str, *, length: int) -> list[Sample]:
    """A module's code in windows of whole lines, and the kinds of their characters.

    No window begins inside of a string: what it shows could only be guessed.
    """
    source = modules()[name]
    kinds, inside = _marked(source)
    return [
        (source[first:last], kinds[first:last])
        for first, last in _windows(source, length, inside)
        if is_plain(source[first:last]) and any(kinds[first:last])
    ]


def _windows(source: str, length: int, inside: set[int]) -> Iterator[tuple[int, int]]:
    """Where windows begin and end; lines that are longer than a window are in none."""
    first = last = 0
    for number, line in enumerate(lines_of(source), start=1):
        if last + len(line) - first > length:
            yield first, last
            first = last
        last += len(line)
        if len(line) > length or (number in inside and first == last - len(line)):
            first = last
    yield first, last


def _marked(source: str) -> tuple[bytes, set[int]]:
    """What each character is part of, and the lines (from 1) that begin inside of a string."""
    starts = [0, *accumulate(map(len, lines_of(source)))]
    numbers = {kind: bytes([place]) for place, kind in enumerate(CHARACTERS)}
    kinds = bytearray(len(source))
    inside: set[int] = set()
    for start, end, kind in _tokens(source):
        first, last = starts[start[0] - 1] + start[1], starts[end[0] - 1] + end[1]
        kinds[first:last] = numbers[kind] * (last - first)
        inside.update(range(start[0] + 1, end[0] + 1))
    return bytes(kinds), inside


def _tokens(source: str) -> Iterator[tuple[tuple[int, int], tuple[int, int], str]]:
    """Start, end and kind of what is no space; an f-string counts as one string."""
    before, inside, opened = "", 0, (0, 0)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        name = tokenize.tok_name[token.type]
        if name.endswith("STRING_START"):  # since Python 3.12 an f-string is several tokens
            inside, opened = inside + 1, opened if inside else token.start
        elif name.endswith("STRING_END"):
            inside -= 1
            if not inside:
                yield opened, token.end, "string"
        elif not inside and name not in _LAYOUT:
            yield token.start, token.end, _kind(token, before)
        before = token.string


def _kind(token: tokenize.TokenInfo, before: str) -> str:
    if token.type == tokenize.NAME:
        if keyword.iskeyword(token.string):
            return "keyword"
        return "definition" if before in ("def", "class") else "name"
    return _BY_TOKEN.get(token.type, "operator")
