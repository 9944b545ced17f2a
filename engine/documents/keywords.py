"""Keyword arguments as parts of a document: where each belongs, by the schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.documents.schema import group
from engine.errors import Problem
from engine.frozen import Frozen
from engine.training_config import TrainingConfig

Document = dict[str, Any]


def placed(
    method: str, groups: Sequence[str], settings: Mapping[str, object]
) -> tuple[Document, list[Problem]]:
    """Settings of several groups of the TrainingConfig as its document, and what has no place.

    A setting is a field of exactly one of the groups, or a whole group.
    """
    document: Document = {}
    problems = []
    homes = _homes(groups)
    for name, value in settings.items():
        found = homes.get(name, [])
        if name in groups:
            document = overlaid(document, {name: plain(value)})
        elif len(found) == 1:
            document = overlaid(document, {found[0]: {name: plain(value)}})
        else:
            problems.append(_misplaced(method, name, value, found or [*groups, *homes]))
    return document, problems


def overlaid(under: object, over: object) -> Any:
    """The lower document with the upper one's values; another variant replaces the whole group."""
    if not isinstance(under, dict) or not isinstance(over, dict):
        return over
    if _is_other(under, over):
        return over
    merged = {name: overlaid(under.get(name), value) for name, value in over.items()}
    return {**under, **merged}


def plain(value: object) -> Any:
    """Documents as dictionaries; single values as they are."""
    if isinstance(value, Frozen):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value.items()}
    return value


def _homes(groups: Sequence[str]) -> dict[str, list[str]]:
    """The fields of the groups, and the groups that have them."""
    homes: dict[str, list[str]] = {}
    for name in groups:
        model = group(TrainingConfig.model_fields[name].annotation)
        for field in model.model_fields if model is not None else ():
            homes.setdefault(field, []).append(name)
    return homes


def _is_other(under: Document, over: Document) -> bool:
    return any(
        tag in over and tag in under and over[tag] != under[tag]
        for tag in ("name", "kind", "source")
    )


def _misplaced(method: str, name: str, value: object, allowed: Sequence[str]) -> Problem:
    shown = repr(value)
    got = shown if len(shown) <= 60 else f"{shown[:57]}..."
    return Problem(
        f"{method}.{name}", "no such setting here", got, f"It has: {', '.join(allowed)}."
    )
