"""Settings by name as one line of text, and back: `n_layer=2, activation="gelu"`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any


def written(settings: Mapping[str, Any]) -> str:
    """The line that `read` makes equal settings from."""
    return ", ".join(f"{name}={_value(value)}" for name, value in settings.items())


def read(text: str) -> dict[str, Any] | str:
    """Settings from a line, or from a JSON object; the text itself where it is neither.

    A value that is no JSON is a text.
    """
    try:
        found = json.loads(text) if text.lstrip().startswith("{") else None
    except (ValueError, RecursionError):
        return text
    if isinstance(found, dict):
        return found
    settings: dict[str, Any] = {}
    for part in _parts(text):
        name, equals, value = part.partition("=")
        if not equals or not name.strip():
            return text
        settings[name.strip()] = _read_value(value.strip())
    return settings


def _value(value: Any) -> str:
    plain = isinstance(value, str) and value == value.strip() and _read_value(value) == value
    simple = plain and value and not set(value) & set(',[]{}"=')
    return str(value) if simple else json.dumps(value, ensure_ascii=False)


def _read_value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _parts(text: str) -> Iterator[str]:
    """What stands between commas that are in no brackets and no quotes."""
    depth, start, quoted, escaped = 0, 0, False, False
    for place, char in enumerate(text):
        if quoted:
            quoted = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            quoted = True
        elif char in "[{":
            depth += 1
        elif char in "]}":
            depth -= 1
        elif char == "," and depth == 0:
            yield from _unless_blank(text[start:place])
            start = place + 1
    yield from _unless_blank(text[start:])


def _unless_blank(part: str) -> Iterator[str]:
    if part.strip():
        yield part
