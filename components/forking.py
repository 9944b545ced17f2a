"""A fork as the form describes it: which settings are other than the parent's, what comes of it."""

from __future__ import annotations

from collections.abc import Iterator

from components.draft import Fork
from engine.frozen import Frozen
from engine.run_spec import RunSpec
from engine.runs import lineage
from engine.runs.store import RunStore

OWN = ("name", "version")
"""What a fork has of its own in any case."""


def plan(store: RunStore, fork: Fork, spec: RunSpec) -> lineage.Fork:
    """What the fork will be; nothing is written.

    Raises:
        UnknownRun: when its parent is gone.
        BadInput: with everything that is in the way.
    """
    parent = store.open(fork.run_id)
    changes = changes_of(parent.spec, spec)
    return lineage.planned(parent, fork.step, changes, name=spec.name or None)


def changes_of(parent: RunSpec, spec: RunSpec) -> dict[str, object]:
    """The settings that are other than the parent's, by path; a variant is one setting."""
    return {path: value for path, value in _changes(parent, spec) if path not in OWN}


def _changes(before: Frozen, after: Frozen, parents: str = "") -> Iterator[tuple[str, object]]:
    for name in type(after).model_fields:
        path, old, new = f"{parents}{name}", getattr(before, name), getattr(after, name)
        if old == new:
            continue
        if isinstance(new, Frozen) and type(old) is type(new):
            yield from _changes(old, new, f"{path}.")
        else:
            yield path, new.model_dump() if isinstance(new, Frozen) else new
