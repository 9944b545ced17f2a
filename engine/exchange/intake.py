"""Imports: what another tool has becomes run folders, each whole or not there at all."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from engine.errors import UnknownRun
from engine.exchange.foreign import Block, Facts, ForeignRun, Importer, Unreadable
from engine.exchange.staging import alone, digest, settle, staged, staging_folder
from engine.runs.record import Imported, ImportSource
from engine.runs.run import Labels, Run
from engine.runs.series import RECORD
from engine.runs.state import RunState
from engine.runs.store import RunStore

_LONGEST_TITLE = 300


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one run that was found."""

    title: str
    kind: Literal["imported", "known", "changed", "empty", "refused"]
    text: str
    """A sentence about it."""
    run_id: str | None = None
    metrics: int = 0
    points: int = 0
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be imported of one run."""

    title: str
    metrics: tuple[str, ...]
    points: int
    problem: str = ""


def preview(found: ForeignRun) -> Preview:
    """Read a run and count; nothing is written."""
    title, counts = found.title, dict[str, int]()
    try:
        for part in found.parts():
            if isinstance(part, Block):
                counts[part.metric] = counts.get(part.metric, 0) + len(part.records)
            elif isinstance(part, Facts):
                title = part.name or title
    except (Unreadable, OSError) as error:
        return Preview(title, (), 0, str(error))
    return Preview(title, tuple(sorted(counts)), sum(counts.values()))


def bring_in(
    store: RunStore, importer: Importer, path: Path, *, again: bool = False
) -> Iterator[Outcome]:
    """Import every run in a file or folder, one after the other.

    One that is there already is left as it is; ``again`` imports it anew and moves the older to
    the trash.

    Raises:
        Unreadable: when there are no runs in it.
    """
    intake = _Intake(store, importer.source, again)
    with staging_folder(store) as folder:
        for number, found in enumerate(importer.runs(path)):
            part = folder / str(number)
            try:
                yield intake.take(found, part)
            except Unreadable as error:
                yield Outcome(found.title, "refused", str(error))
            finally:
                shutil.rmtree(part, ignore_errors=True)


class _Intake:
    """One import, with what of the same source was imported before or is at the same time."""

    def __init__(self, store: RunStore, source: ImportSource, again: bool) -> None:
        self._store, self._source, self._again = store, source, again
        self._known: dict[str, list[_Older]] = {}
        self._looked_at: set[str] = set()
        self._look(made_now=False)

    def _look(self, *, made_now: bool) -> None:
        """Take note of the runs that were not there at the last look."""
        new = [run_id for run_id in self._store.ids() if run_id not in self._looked_at]
        self._looked_at.update(new)
        for run_id in new:
            imported = _imported_as(self._store, run_id)
            if imported is not None and imported.source == self._source:
                known = self._known.setdefault(imported.identity, [])
                place = 0 if made_now else len(known)  # newest first
                known.insert(place, _Older(run_id, imported.content, made_now))

    def take(self, found: ForeignRun, folder: Path) -> Outcome:
        """Import one run, or say why not."""
        facts = staged(found, folder)
        counts = settle(folder)
        if not counts:
            text = "It has no numbers, so nothing was imported."
            return Outcome(found.title, "empty", text, remarks=facts.remarks)
        imported = _imported(self._source, found, facts, digest(folder))
        title = imported.original_name or found.title
        with alone(self._store, found.title):  # of two imports at once one makes the run
            self._look(made_now=True)
            known = self._known.get(imported.identity, [])
            older = [one for one in known if (self._store.root / one.run_id).exists()]
            if older and not (self._again and not any(one.made_now for one in older)):
                return _here_already(title, older, imported.content, facts)
            fill = _filling(folder, facts, self._labels(older, imported))
            run = self._store.create(imported, fill=fill)
            self._looked_at.add(run.id)
            self._known[imported.identity] = [_Older(run.id, imported.content, made_now=True)]
            for one in older:
                self._store.trash(one.run_id)
        text, points = f"Imported as run {run.id}.", sum(counts.values())
        return Outcome(title, "imported", text, run.id, len(counts), points, facts.remarks)

    def _labels(self, older: Sequence[_Older], imported: Imported) -> Labels:
        """Those that people gave the newest older one, else what the source has."""
        if older:
            return self._store.open(older[0].run_id).labels()
        return Labels(tags=tuple(dict.fromkeys(imported.tags)), notes=imported.notes)


class _Older(NamedTuple):
    """A run that was made of the same run before."""

    run_id: str
    content: str
    made_now: bool
    """Whether since this import began: by itself, which met a copy of the run, or by another."""


def _imported_as(store: RunStore, run_id: str) -> Imported | None:
    """What is known of where a run comes from; nothing of one that has just gone."""
    try:
        record = store.summary(run_id).record
    except UnknownRun:
        return None
    return None if record is None else record.imported


def _here_already(title: str, older: Sequence[_Older], content: str, facts: Facts) -> Outcome:
    text = f"It is here already, as run {older[0].run_id}"
    if content in {one.content for one in older}:
        return Outcome(title, "known", f"{text}.", older[0].run_id, remarks=facts.remarks)
    text += ", but has changed since; import it again to replace that."
    return Outcome(title, "changed", text, older[0].run_id, remarks=facts.remarks)


# -- the run folder --------------------------------------------------------------------------------


def _imported(source: ImportSource, found: ForeignRun, facts: Facts, content: str) -> Imported:
    return Imported(
        source=source,
        place=found.place,
        identity=content if facts.identity is None else facts.identity,
        content=content,
        original_id=facts.original_id or "",
        original_name=(facts.name or found.title)[:_LONGEST_TITLE],
        config=facts.config,
        tags=facts.tags,
        notes=facts.notes or "",
    )


def _filling(folder: Path, facts: Facts, labels: Labels) -> Callable[[Run], None]:
    def fill(run: Run) -> None:
        first, last, step = _span(folder)
        for path in folder.iterdir():
            os.replace(path, run.metrics_folder / path.name)
        run.write_state(
            RunState(
                status=facts.status or "stopped",
                reason=facts.reason or "",
                step=step,
                attempt=1,
                started_at=_least(facts.started_at, first),
                ended_at=_most(facts.ended_at, last),
            )
        )
        run.write_labels(labels)

    return fill


def _span(folder: Path) -> tuple[float | None, float | None, int]:
    """The first and the last known time of all points, and the last step."""
    first, last, step = math.inf, -math.inf, 0
    for path in folder.glob("*.bin"):
        records = np.memmap(path, RECORD, "r")
        times = records["time"][np.isfinite(records["time"])]
        if len(times):
            first, last = min(first, float(times.min())), max(last, float(times.max()))
        step = max(step, int(records["step"][-1]))
    return (first, last, step) if math.isfinite(first) else (None, None, step)


def _least(one: float | None, other: float | None) -> float | None:
    known = [value for value in (one, other) if value is not None]
    return min(known, default=None)


def _most(one: float | None, other: float | None) -> float | None:
    known = [value for value in (one, other) if value is not None]
    return max(known, default=None)
