"""Draft: the spec that somebody is filling in, valid or not, and the file that keeps it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from components.form_schema import Document, Item, Variants, completed, fields, replaced, value_at
from engine.documents.versions import migrated
from engine.errors import Problem
from engine.run_spec import RunSpec
from engine.runs.files import write_whole
from engine.runs.state import LauncherName

LAUNCHERS: tuple[LauncherName, ...] = ("auto", "thread", "process")

Stamp = tuple[int, int, int]
"""Time, inode and size of a file: another stamp is another content."""


@dataclass(frozen=True, slots=True)
class Fork:
    """The checkpoint from which the run of a draft is to go on."""

    run_id: str
    step: int
    before: Document
    """What was in the form before, to come back afterwards."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A spec as nested dictionaries; it becomes a `RunSpec` only when everything fits."""

    document: Document
    shelf: Mapping[str, Any] = field(default_factory=dict)
    """What was typed and is not in use now, to come back when it is chosen again."""
    launcher: LauncherName = "auto"
    fork: Fork | None = None
    """None for a run from the beginning."""

    @classmethod
    def of(cls, spec: RunSpec, launcher: LauncherName = "auto") -> Draft:
        return cls(spec.model_dump(mode="json"), launcher=launcher)

    def holding(self, spec: RunSpec) -> Draft:
        """The same draft with another spec in it; what waited on the shelf is gone."""
        return replace(self, document=spec.model_dump(mode="json"), shelf={})

    def forking(self, run_id: str, step: int, spec: RunSpec) -> Draft:
        """A draft of a fork of a run, which knows this one."""
        before = self.document if self.fork is None else self.fork.before
        return replace(self.holding(spec), fork=Fork(run_id, step, before))

    def unforked(self) -> Draft:
        """What was in the form before the fork."""
        return self if self.fork is None else Draft(self.fork.before, launcher=self.launcher)

    def items(self) -> Sequence[Item]:
        """The fields to fill in, in order."""
        return tuple(fields(RunSpec, self.document))

    def edited(self, path: str, value: object) -> Draft:
        """Another value at a path, unchecked."""
        return replace(self, document=replaced(self.document, path, value))

    def switched_off(self, path: str) -> Draft:
        """No value at a path; the old one waits on the shelf."""
        shelf = {**self.shelf, path: value_at(self.document, path)}
        return replace(self.edited(path, None), shelf=shelf)

    def switched_on(self, path: str, suggestion: object) -> Draft:
        """The value from the shelf at a path again; the suggestion when there is none."""
        earlier = self.shelf.get(path)
        return self.edited(path, suggestion if earlier is None else earlier)

    def chosen(self, variants: Variants, name: str) -> Draft:
        """Another variant at a path; values that both have stay, the others wait on the shelf."""
        now: Document = value_at(self.document, variants.path)
        old_slot, slot = (f"{variants.path}:{tag}" for tag in (now[variants.tag], name))
        waiting = self.shelf.get(slot)
        earlier = waiting if isinstance(waiting, dict) else {}
        variant = completed(dict(variants.options)[name], {variants.tag: name, **earlier}, {})
        kept = {key: value for key, value in now.items() if key in variant and key != variants.tag}
        shelf = {**self.shelf, old_slot: now}
        return replace(self.edited(variants.path, {**variant, **kept}), shelf=shelf)

    def spec(self) -> RunSpec:
        """The spec to run.

        Raises:
            BadInput: with everything that is wrong.
        """
        return RunSpec.parse(self.document)


def at_field(problem: Problem, items: Sequence[Item]) -> Problem:
    """The problem at the field that can mend it, where that is known.

    A check across fields names one first in its sentence; a variant's tag belongs to its selector.
    """
    labels = {item.path: item.label for item in items}
    tags = {f"{item.path}.{item.tag}": item.path for item in items if isinstance(item, Variants)}
    path = tags.get(problem.path, problem.path)
    if path in labels:
        return replace(problem, path=path)
    named = problem.message.split(" ", 1)[0]
    for found in (f"{problem.path}.{named}", named):
        path = tags.get(found, found)
        if path in labels:
            message = labels[path] + problem.message.removeprefix(named)
            return replace(problem, path=path, message=message)
    return problem


def _document(kept: object, default: RunSpec) -> Document:
    """A kept document with the fields of today."""
    return completed(RunSpec, migrated(kept), default.model_dump(mode="json"))


def _fork(kept: object, default: RunSpec) -> Fork | None:
    match kept:
        case {"run_id": str(run_id), "step": int(step), "before": before}:
            return Fork(run_id, step, _document(before, default))
        case _:
            return None


class DraftFile:
    """The draft in the runs folder, shared by all tabs and kept over restarts."""

    def __init__(self, root: Path) -> None:
        self.path = root / ".workspace" / "draft.json"

    def stamp(self) -> Stamp | None:
        """Changes when anybody writes the file; None when there is none."""
        try:
            stat = self.path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_ino, stat.st_size

    def read(self, default: RunSpec) -> Draft:
        """The kept draft; the default when there is none.

        Raises:
            ValueError: when the file is damaged, with the reason.
        """
        try:
            kept = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return Draft.of(default)
        except (OSError, RecursionError) as error:
            raise ValueError(str(error)) from None
        if not isinstance(kept, dict) or not isinstance(kept.get("shelf"), dict):
            raise ValueError("it does not hold a draft")
        document = _document(kept.get("document"), default)
        fork, wanted = _fork(kept.get("fork"), default), kept.get("launcher")
        launcher: LauncherName = wanted if wanted in LAUNCHERS else "auto"
        return Draft(document, kept["shelf"], launcher, fork)

    def write(self, draft: Draft) -> None:
        """Replace the kept draft.

        Raises:
            OSError: when the disk is full or the folder cannot be written.
        """
        self.path.parent.mkdir(mode=0o700, exist_ok=True)
        kept = asdict(draft)
        write_whole(self.path, json.dumps(kept, indent=1))

    def set_aside(self) -> str:
        """Move a damaged draft out of the way, so that nothing typed is lost; what was done."""
        aside = self.path.with_name("draft.damaged.json")
        try:
            self.path.replace(aside)
        except OSError as error:
            return f"It stays in {self.path} ({error.strerror or error})."
        return f"The damaged file is kept as {aside}."
