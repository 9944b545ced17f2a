"""What a document may hold, read from its pydantic classes: groups, variants, fields, bounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from engine.frozen import Frozen

_BOUNDS: dict[str, type] = {"ge": Ge, "gt": Gt, "le": Le, "lt": Lt}
_WORDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}


@dataclass(frozen=True, slots=True)
class Group:
    """A class of the schema at its place in the document.

    A variant's path names it in brackets: `training.optimizer[adamw]`.
    """

    path: str
    title: str
    model: type[Frozen]
    tag: str = ""
    """The field that chooses this variant; empty for a group without variants."""
    choice: str = ""
    """The value of the tag that chooses this variant."""

    def fields(self) -> dict[str, FieldInfo]:
        """The fields that hold one value each, by name; not the tag, not inner groups."""
        return {
            name: info
            for name, info in self.model.model_fields.items()
            if name != self.tag and variants(info) is None and group(info.annotation) is None
        }

    def at(self, name: str) -> str:
        """The path of a field of this group."""
        return f"{self.path}.{name}" if self.path else name


def groups(model: type[Frozen], path: str = "", title: str = "") -> Iterator[Group]:
    """Every group of a document and every variant of it, in the order of the schema."""
    yield from _with_inner(Group(path, title, model))


def _with_inner(outer: Group) -> Iterator[Group]:
    yield outer
    for name, info in outer.model.model_fields.items():
        here, title = outer.at(name), info.title or name.replace("_", " ").capitalize()
        found, inner = variants(info), group(info.annotation)
        if found is not None:
            tag, options = found
            for choice, model in options.items():
                yield from _with_inner(Group(f"{here}[{choice}]", title, model, tag, choice))
        elif inner is not None:
            yield from _with_inner(Group(here, title, inner))


def variants(info: FieldInfo) -> tuple[str, dict[str, type[Frozen]]] | None:
    """The tag field of a discriminated union and its variants by name; None for other fields."""
    if not isinstance(info.discriminator, str):
        return None
    union = info.annotation
    if get_origin(union) is Annotated:
        union = get_args(union)[0]
    tag = info.discriminator
    return tag, {
        str(get_args(model.model_fields[tag].annotation)[0]): model for model in get_args(union)
    }


def group(annotation: Any) -> type[Frozen] | None:
    """The class of a nested document; None for a single value."""
    nested = isinstance(annotation, type) and issubclass(annotation, Frozen)
    return annotation if nested else None


def bounds(info: FieldInfo) -> Iterator[tuple[str, float]]:
    """Pairs of 'ge', 'gt', 'le' or 'lt' and a number."""
    for bound in info.metadata:
        for sign, kind in _BOUNDS.items():
            if isinstance(bound, kind):
                yield sign, getattr(bound, sign)


def in_words(limits: Iterable[tuple[str, float]]) -> str:
    """The bounds of a number: above 0, at most 10."""
    return ", ".join(f"{_WORDS[sign]} {limit:,.10g}" for sign, limit in limits)


def is_constant(annotation: Any) -> bool:
    """A literal of one value: a version or the tag of a variant."""
    return get_origin(annotation) is Literal and len(get_args(annotation)) == 1
