"""What a form needs to know about a pydantic document: its fields, in order, as plain values."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from engine.data.library.spec import MODALITIES, DatasetSpec, Modality
from engine.documents.schema import bounds, group, is_constant, variants
from engine.frozen import Frozen

Document: TypeAlias = dict[str, Any]
"""A spec as nested dictionaries, valid or not: what a person is still typing."""

Kind = Literal["integer", "number", "text", "names", "choice", "switch", "settings"]

NOT_OFFERED = frozenset({"in-memory"})
"""Variants that only a program can make."""
BROUGHT_IN = frozenset({"imported", "files", "dataset"})
"""Variants that nobody can choose here: they are put into the form by another page."""


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
    suggested: float | None = None
    """What the value becomes when it is switched on; None for the usual of its kind."""
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
        ValueError: where a group is not a mapping, a variant is unknown or what has no default is
            missing.
    """
    if not isinstance(document, Mapping):
        raise ValueError("it is not a JSON object")
    whole: Document = {}
    for name, info in model.model_fields.items():
        usual = default.get(name, info.get_default(call_default_factory=True))
        value = document.get(name, usual)
        if value is PydanticUndefined:
            raise ValueError(f"{name!r} is missing")
        whole[name] = _completed(info, value, name)
    return whole


def _completed(info: FieldInfo, value: Any, name: str) -> Any:
    known = _variants(info)
    if isinstance(value, Frozen):
        value = value.model_dump(mode="json")
    if known is not None:
        tag, options = known
        chosen = value.get(tag) if isinstance(value, Mapping) else None
        if chosen not in options:
            raise ValueError(f"{name!r} has an unknown {tag}")
        return completed(options[chosen], value, {})
    inner = group(info.annotation)
    if inner is not None:
        return completed(inner, value, {})
    return list(value) if isinstance(value, tuple) else value


def _fields(
    model: type[Frozen], document: Mapping[str, Any], path: str, section: str
) -> Iterator[Item]:
    for name, info in model.model_fields.items():
        here = f"{path}.{name}" if path else name
        offered, inner = _variants(info), group(info.annotation)
        if model is DatasetSpec and name in _of_other_inputs(document):
            continue
        if offered is not None:
            yield from _variant_fields(document.get(name), here, info.title or section, offered)
        elif inner is not None:
            yield from _fields(inner, document.get(name, {}), here, info.title or section)
        elif not is_constant(info.annotation) and _is_filled_in(info):
            yield _leaf(info, here, section)


def _variant_fields(
    value: Any, path: str, title: str, known: tuple[str, dict[str, type[Frozen]]]
) -> Iterator[Item]:
    tag, options = known
    chosen = value.get(tag) if isinstance(value, Mapping) else None
    offered = tuple((n, m) for n, m in options.items() if n == chosen or n not in BROUGHT_IN)
    if len(offered) > 1:
        yield Variants(path, tag, title, offered, title)
    if chosen in options:
        yield from _fields(options[chosen], value, path, title)


def _of_other_inputs(dataset: Mapping[str, Any]) -> set[str]:
    """The groups of a dataset's fields that its task makes nothing of."""
    used = MODALITIES.get(dataset.get("task", ""))
    others = set(get_args(Modality)) - {used}
    return others | {"augmentation"} if "image" in others else others


def _is_filled_in(info: FieldInfo) -> bool:
    """Whether a person types it here; what comes with an imported model is edited beside it."""
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    return not extra.get("brought_in")


def _leaf(info: FieldInfo, path: str, section: str) -> Leaf:
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    kind, choices, optional = _kind(info.annotation)
    suggested = extra.get("suggested")
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
        suggested=suggested if isinstance(suggested, int | float) else None,
        choices=choices,
        bounds=tuple(bounds(info)),
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
    if get_origin(annotation) is dict:
        return "settings", (), False
    return _KINDS[annotation], (), False


_KINDS: dict[Any, Kind] = {int: "integer", float: "number", str: "text", bool: "switch"}


def _variants(info: FieldInfo) -> tuple[str, dict[str, type[Frozen]]] | None:
    """The tag field of a discriminated union and the variants that a form can hold; None for
    other fields."""
    found = variants(info)
    if found is None:
        return None
    tag, named = found
    return tag, {name: model for name, model in named.items() if name not in NOT_OFFERED}
