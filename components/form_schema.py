"""What a form needs to know about a pydantic document: its fields, in order, as plain values."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from engine.frozen import Frozen

Document: TypeAlias = dict[str, Any]
"""A spec as nested dictionaries, valid or not: what a person is still typing."""

Kind = Literal["integer", "number", "text", "names", "choice", "switch"]

NOT_OFFERED = frozenset({"in-memory"})
"""Variants that only a program can make."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value that is filled in."""

    path: str
    label: str
    help: str
    kind: Kind
    default: Any
    unit: str = ""
    log: bool = False
    common: bool = False
    optional: bool = False
    choices: tuple[str, ...] = ()
    bounds: tuple[tuple[str, float], ...] = ()
    """Pairs of 'ge', 'gt', 'le' or 'lt' and a number."""
    section: str = ""
    """Title of the innermost group that holds the field."""


@dataclass(frozen=True, slots=True)
class Variants:
    """A choice between documents of different shape, told apart by the field `tag`."""

    path: str
    tag: str
    label: str
    options: tuple[tuple[str, type[Frozen]], ...]
    section: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.options)


Item: TypeAlias = Leaf | Variants


def fields(model: type[Frozen], document: Mapping[str, Any], path: str = "") -> Iterator[Item]:
    """Every field of a document in the order of its schema, the chosen variants' included."""
    section = path.rpartition(".")[2].replace("_", " ").capitalize()
    yield from _fields(model, document, path, section)


def leaves(model: type[Frozen], document: Mapping[str, Any]) -> dict[str, Leaf]:
    """The fields that hold one value each, by their dotted path."""
    return {item.path: item for item in fields(model, document) if isinstance(item, Leaf)}


def value_at(document: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path; None where the document has none."""
    node: Any = document
    for name in path.split("."):
        if not isinstance(node, Mapping) or name not in node:
            return None
        node = node[name]
    return node


def replaced(document: Mapping[str, Any], path: str, value: object) -> Document:
    """A copy of the document with another value at a dotted path; nothing is checked."""
    name, _, rest = path.partition(".")
    return {**document, name: replaced(document[name], rest, value) if rest else value}


def completed(model: type[Frozen], document: object, default: Mapping[str, Any]) -> Document:
    """The document with exactly the fields of the schema; what is missing comes from a default.

    Values are kept as they are, right or wrong.

    Raises:
        ValueError: where a group is not a mapping or a variant is unknown.
    """
    if not isinstance(document, Mapping):
        raise ValueError("it is not a JSON object")
    whole: Document = {}
    for name, info in model.model_fields.items():
        value = document.get(name, default.get(name, info.get_default(call_default_factory=True)))
        whole[name] = _completed(info, value, name)
    return whole


def _completed(info: FieldInfo, value: Any, name: str) -> Any:
    variants = _variants(info)
    if variants is not None:
        tag, options = variants
        chosen = value.get(tag) if isinstance(value, Mapping) else None
        if chosen not in options:
            raise ValueError(f"{name!r} has an unknown {tag}")
        return completed(options[chosen], value, {})
    group = _group(info.annotation)
    if group is not None:
        plain = value.model_dump(mode="json") if isinstance(value, Frozen) else value
        return completed(group, plain, {})
    return list(value) if isinstance(value, tuple) else value


def _fields(
    model: type[Frozen], document: Mapping[str, Any], path: str, section: str
) -> Iterator[Item]:
    for name, info in model.model_fields.items():
        here = f"{path}.{name}" if path else name
        variants, group = _variants(info), _group(info.annotation)
        if variants is not None:
            yield from _variant_fields(document.get(name), here, info.title or section, variants)
        elif group is not None:
            yield from _fields(group, document.get(name, {}), here, info.title or section)
        elif not _is_constant(info.annotation):
            yield _leaf(info, here, section)


def _variant_fields(
    value: Any, path: str, title: str, variants: tuple[str, dict[str, type[Frozen]]]
) -> Iterator[Item]:
    tag, options = variants
    yield Variants(path, tag, title, tuple(options.items()), title)
    chosen = value.get(tag) if isinstance(value, Mapping) else None
    if chosen in options:
        yield from _fields(options[chosen], value, path, title)


def _leaf(info: FieldInfo, path: str, section: str) -> Leaf:
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    kind, choices, optional = _kind(info.annotation)
    return Leaf(
        path=path,
        label=info.title or path.rpartition(".")[2].replace("_", " ").capitalize(),
        help=info.description or "",
        kind=kind,
        default=info.get_default(),
        unit=str(extra.get("unit", "")),
        log=bool(extra.get("log")),
        common=bool(extra.get("common")),
        optional=optional,
        choices=choices,
        bounds=tuple(_bounds(info)),
        section=section,
    )


def _kind(annotation: Any) -> tuple[Kind, tuple[str, ...], bool]:
    """What is filled in, what can be chosen, and whether None is allowed."""
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [part for part in get_args(annotation) if part is not type(None)]
        assert len(inner) == 1, f"no widget for {annotation}"
        kind, choices, _ = _kind(inner[0])
        return kind, choices, True
    if get_origin(annotation) is Literal:
        return "choice", tuple(map(str, get_args(annotation))), False
    if get_origin(annotation) is tuple:
        return "names", (), False
    return _KINDS[annotation], (), False


_KINDS: dict[Any, Kind] = {int: "integer", float: "number", str: "text", bool: "switch"}


def _bounds(info: FieldInfo) -> Iterator[tuple[str, float]]:
    for bound in info.metadata:
        for sign in ("ge", "gt", "le", "lt"):
            if isinstance(bound, _BOUNDS[sign]):
                yield sign, getattr(bound, sign)


_BOUNDS: dict[str, type] = {"ge": Ge, "gt": Gt, "le": Le, "lt": Lt}


def _variants(info: FieldInfo) -> tuple[str, dict[str, type[Frozen]]] | None:
    """The tag field of a discriminated union and its offered variants; None for other fields."""
    if not isinstance(info.discriminator, str):
        return None
    union = info.annotation
    if get_origin(union) is Annotated:
        union = get_args(union)[0]
    named = {
        str(get_args(variant.model_fields[info.discriminator].annotation)[0]): variant
        for variant in get_args(union)
    }
    return info.discriminator, {
        name: variant for name, variant in named.items() if name not in NOT_OFFERED
    }


def _group(annotation: Any) -> type[Frozen] | None:
    """The class of a nested document; None for a single value."""
    is_group = isinstance(annotation, type) and issubclass(annotation, Frozen)
    return annotation if is_group else None


def _is_constant(annotation: Any) -> bool:
    """A literal of one value: a version or the tag of a variant."""
    return get_origin(annotation) is Literal and len(get_args(annotation)) == 1
