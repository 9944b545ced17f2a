"""config.json of a model: read within bounds, whatever wrote it."""

from __future__ import annotations

import json
from typing import Any

from pydantic import JsonValue

from engine.models.imported.library import CodeRefused

MOST_BYTES, DEEPEST = 1_000_000, 20
_NAME = "config.json"


def read_config(data: bytes) -> dict[str, JsonValue]:
    """The settings that a config.json holds.

    Raises:
        CodeRefused: when it is huge, nested without end, no JSON object or no UTF-8 text.
    """
    if len(data) > MOST_BYTES:
        raise CodeRefused(_NAME, f"it is larger than {MOST_BYTES // 1_000_000} MB")
    text = decoded(data, _NAME)
    if _depth(text) > DEEPEST:
        raise CodeRefused(_NAME, f"it is nested more than {DEEPEST} deep")
    try:
        found = json.loads(text, parse_constant=_refuse_constant, parse_int=_whole)
    except (ValueError, RecursionError) as error:
        raise CodeRefused(_NAME, f"it is not valid JSON: {error}") from None
    if not isinstance(found, dict):
        raise CodeRefused(_NAME, "it must hold one object, as in {...}")
    return found


def decoded(data: bytes, name: str) -> str:
    """UTF-8 text, with or without a byte-order mark.

    Raises:
        CodeRefused: for another encoding, naming the line.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise CodeRefused(name, "it is UTF-16 text; save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = (
            f"it is not UTF-8 text (line {line}, byte {data[error.start]:#x}); save it as UTF-8"
        )
        raise CodeRefused(name, reason) from None


def _depth(text: str) -> int:
    """How deep brackets are nested, strings left out; the parser itself would recurse."""
    depth = deepest = 0
    quoted = escaped = False
    for char in text:
        if quoted:
            quoted = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            quoted = True
        elif char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}":
            depth -= 1
    return deepest


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _whole(digits: str) -> int:
    if len(digits) > 30:
        raise ValueError("a whole number has more than 30 digits")
    return int(digits)
