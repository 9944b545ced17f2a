"""What two or more configurations have otherwise: a typed diff, by path and label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeVar

from pydantic.fields import FieldInfo

from engine.documents.schema import is_constant
from engine.frozen import Frozen

T = TypeVar("T", bound=Frozen)

Kind = Literal["changed", "only left", "only right"]


class Setting(NamedTuple):
    """One value of a configuration, as plain data, with the label that the form shows."""

    label: str
    value: Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that is not the same on both sides.

    `only left` and `only right` are settings that the other side does not have at all, because
    another variant was chosen there; its value is then None.
    """

    path: str
    label: str
    left: Any
    right: Any
    kind: Kind


def compare(left: T, right: T) -> tuple[Difference, ...]:
    """What differs between two configurations or specs, in the order of the form."""
    old, new = settings(left), settings(right)
    return tuple(_difference(path, old, new) for path in differing([old, new]))


def settings(value: Frozen) -> dict[str, Setting]:
    """Every single value by its dotted path, in the order of the schema."""
    return dict(_settings(value, ""))


def differing(sides: Sequence[Mapping[str, Setting]]) -> list[str]:
    """Paths whose settings are not the same on all sides; one that a side lacks is not.

    Settings of one group stand together, in the order of the schema.
    """
    paths = dict.fromkeys(path for side in sides for path in side)
    differ = [path for path in paths if _differs([side.get(path) for side in sides])]
    order = {group: rank for rank, group in enumerate(dict.fromkeys(map(_parent, paths)))}
    return sorted(differ, key=lambda path: order[_parent(path)])


def _parent(path: str) -> str:
    return path.rpartition(".")[0]


def _differs(found: Sequence[Setting | None]) -> bool:
    present = [setting.value for setting in found if setting is not None]
    return len(present) < len(found) or any(value != present[0] for value in present[1:])


def _difference(path: str, old: Mapping[str, Setting], new: Mapping[str, Setting]) -> Difference:
    left, right = old.get(path), new.get(path)
    if left is None:
        assert right is not None, "one side has it"
        return Difference(path, right.label, None, right.value, "only right")
    if right is None:
        return Difference(path, left.label, left.value, None, "only left")
    return Difference(path, left.label, left.value, right.value, "changed")


def _settings(value: Frozen, path: str, title: str = "") -> Iterator[tuple[str, Setting]]:
    for name, info in type(value).model_fields.items():
        here = f"{path}.{name}" if path else name
        label = _label(name, info, title)
        yield from _setting(getattr(value, name), here, label, info.title or label)


def _setting(value: Any, path: str, label: str, title: str) -> Iterator[tuple[str, Setting]]:
    match value:
        case Frozen():
            yield from _settings(value, path, title)
        case dict() if value:
            for name, inner in value.items():
                yield from _setting(inner, f"{path}.{name}", f"{label}: {name}", title)
        case tuple():
            yield path, Setting(label, list(value))
        case _:
            yield path, Setting(label, value)


def _label(name: str, info: FieldInfo, title: str) -> str:
    """The field's label; the tag of a variant is called after what it chooses."""
    if title and is_constant(info.annotation):
        return title
    return info.title or name.replace("_", " ").capitalize()
