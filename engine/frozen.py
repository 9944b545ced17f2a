"""The base of every value that is written to disk or filled in on a form."""

from __future__ import annotations

import json
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import BadInput, Problem

T = TypeVar("T", bound="Frozen")


class Frozen(BaseModel):
    """A closed, immutable value: unknown names are refused, nothing happens when it is built."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    @classmethod
    def parse(cls, document: object) -> Self:
        """Build from plain data.

        Raises:
            BadInput: with one problem for each wrong field, each with its dotted path.
        """
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            raise BadInput([_problem(detail, document) for detail in error.errors()]) from None

    @classmethod
    def parse_json(cls, text: str | bytes) -> Self:
        """Build from JSON text.

        Raises:
            BadInput: for malformed JSON (with line and column) and for every wrong field.
        """
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadInput([Problem("(document)", f"not valid JSON: {error}")]) from None
        return cls.parse(document)

    def to_json(self) -> str:
        """Indented JSON text that `parse_json` reads back to an equal value."""
        return self.model_dump_json(indent=2)


def knob(
    default: Any,
    label: str,
    *,
    unit: str = "",
    log: bool = False,
    common: bool = False,
    suggested: float | None = None,
    **bounds: Any,
) -> Any:
    """A field with what a form needs to draw it.

    `common` fields are shown first, the others under 'Advanced'; `log` asks for an input on a
    logarithmic scale; `suggested` is what an absent value becomes when it is switched on; `bounds`
    are pydantic's `ge`, `gt`, `le`, `lt`.
    """
    extra: dict[str, Any] = {"unit": unit, "log": log, "common": common}
    if suggested is not None:
        extra["suggested"] = suggested
    return Field(default, title=label, json_schema_extra=extra, **bounds)


def with_changes(value: T, changes: dict[str, object]) -> T:
    """A copy with dotted fields replaced, validated again.

    `model_copy(update=...)` does not validate; this dumps, sets and parses. A field that chooses
    between variants (an optimizer, a model) is replaced whole, by a mapping.

    Raises:
        KeyError: for a name that the value does not have.
        BadInput: for values that are not allowed.
    """
    document = value.model_dump()
    for path, new in changes.items():
        *parents, last = path.split(".")
        target: Any = document
        for name in parents:
            target = target[name]
        if last not in target:
            raise KeyError(path)
        target[last] = new
    return type(value).parse(document)


def _problem(detail: Any, document: object) -> Problem:
    """One pydantic error in the user's words."""
    path = _path(detail["loc"], document)
    kind, context, got = detail["type"], detail.get("ctx", {}), _shown(detail["input"])
    match kind:
        case "extra_forbidden":
            return Problem(path, "unknown field", got, "Remove it or correct its name.")
        case "missing":
            return Problem(path, "required field is missing", remedy="Add it.")
        case "union_tag_invalid":
            name = str(context["discriminator"]).strip("'")
            allowed = f"Allowed: {context['expected_tags']}."
            return Problem(f"{path}.{name}", "unknown choice", repr(context["tag"]), allowed)
        case "union_tag_not_found":
            name = str(context["discriminator"]).strip("'")
            return Problem(f"{path}.{name}", "required field is missing", remedy="Add it.")
        case "model_type" | "model_attributes_type":
            return Problem(path, "expected an object with fields, as in {...}", got)
        case "value_error":
            return Problem(path, str(context["error"]))
        case _:
            return Problem(path, detail["msg"][:1].lower() + detail["msg"][1:], got)


def _path(loc: tuple[int | str, ...], document: object) -> str:
    """The dotted path as it stands in the document, without pydantic's names of variants."""
    parts: list[str] = []
    node: Any = document
    for position, part in enumerate(loc):
        if isinstance(node, dict) and part not in node and position < len(loc) - 1:
            continue
        parts.append(str(part))
        if isinstance(node, dict):
            node = node.get(part)
        elif isinstance(node, list | tuple) and isinstance(part, int):
            node = node[part]
        else:
            node = None
    return ".".join(parts) or "(document)"


def _shown(value: object, most: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= most else text[: most - 3] + "..."
