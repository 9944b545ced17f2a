"""Imports: what another tool has becomes run folders, each whole or not there at all."""

from __future__ import annotations

import hashlib
import math
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from engine.exchange.foreign import Block, Cut, Facts, ForeignRun, Importer, Unreadable
from engine.runs.files import write_new
from engine.runs.record import Imported, ImportSource, RunRecord
from engine.runs.run import Labels, Run
from engine.runs.series import RECORD, MetricFiles, read_records
from engine.runs.state import RunState
from engine.runs.store import RunStore

_STAGING, _STALE_S = ".importing", 86_400.0
MOST_METRICS = 20_000
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
        for part in found.read():
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
    with _staging(store) as staged:
        for number, found in enumerate(importer.runs(path)):
            folder = staged / str(number)
            try:
                yield _bring_in_one(store, importer.source, found, folder, again)
            except Unreadable as error:
                yield Outcome(found.title, "refused", str(error))
            finally:
                shutil.rmtree(folder, ignore_errors=True)


def _bring_in_one(
    store: RunStore, source: ImportSource, found: ForeignRun, folder: Path, again: bool
) -> Outcome:
    facts = _staged(found, folder)
    counts = settle(folder)
    if not counts:
        return Outcome(found.title, "empty", "It has no numbers, so nothing was imported.")
    content = _digest(folder)
    imported = _imported(source, found, facts, content)
    title = imported.original_name or found.title
    older = _same(store, imported)
    kind = _kind(older, content)
    if older and not again:
        changed = kind == "changed"
        text = f"It is here already, as run {older[0].run_id}"
        more = ", but has changed since; import it again to replace that." if changed else "."
        return Outcome(title, kind, text + more, older[0].run_id, remarks=facts.remarks)
    labels = _labels(store, older, imported)
    run = store.create(imported, fill=_filling(folder, facts, labels))
    for record in older:
        store.trash(record.run_id)
    text = f"Imported as run {run.id}."
    points = sum(counts.values())
    return Outcome(title, "imported", text, run.id, len(counts), points, facts.remarks)


def _kind(older: list[RunRecord], content: str) -> Literal["known", "changed"]:
    known = {record.imported.content for record in older if record.imported is not None}
    return "known" if content in known else "changed"


def _same(store: RunStore, imported: Imported) -> list[RunRecord]:
    """The runs that were made of the same run before, newest first."""
    records = [row.record for row in store.list() if row.record is not None]
    return [
        record
        for record in records
        if record.imported is not None
        and (record.imported.source, record.imported.identity)
        == (imported.source, imported.identity)
    ]


# -- staging ---------------------------------------------------------------------------------------


def _staged(found: ForeignRun, folder: Path) -> Facts:
    """Put all points into metric files in a folder, in the order in which they come."""
    folder.mkdir(mode=0o700)
    facts, names = Facts(), set[str]()
    files = MetricFiles(folder)
    try:
        for part in found.read():
            match part:
                case Block():
                    names.add(part.metric)
                    if len(names) > MOST_METRICS:
                        reason = f"it has more than {MOST_METRICS:,} metrics"
                        raise Unreadable(found.title, reason)
                    files.append(part.metric, part.records)
                case Cut():
                    files.close()
                    _cut(folder, part.step)
                case Facts():
                    facts = facts.with_more(part)
    finally:
        files.close()
    return facts


def _cut(folder: Path, step: int) -> None:
    """Drop the points from a step on, wherever they stand."""
    for path in folder.glob("*.bin"):
        records = read_records(path)
        kept = records[records["step"] < step]
        if len(kept) < len(records):
            write_new(path, kept.tobytes(), durable=False)


def settle(folder: Path) -> dict[str, int]:
    """Bring each metric into the order of its steps; the points of each file.

    Points of one step stay in the order in which they were logged. A file without points goes.
    """
    counts = {}
    for path in sorted(folder.glob("*.bin")):
        records = read_records(path)
        if not len(records):
            path.unlink()
            continue
        if np.any(np.diff(records["step"]) < 0):
            order = np.argsort(records["step"], kind="stable")
            write_new(path, records[order].tobytes(), durable=False)
        counts[path.stem] = len(records)
    return counts


def _digest(folder: Path) -> str:
    """SHA-256 of all points and the names of their metrics."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.bin")):
        digest.update(path.name.encode() + b"\0")
        with path.open("rb") as file:
            while chunk := file.read(1024**2):
                digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def _staging(store: RunStore) -> Iterator[Path]:
    """A folder beside the runs, gone afterwards, and with it what a process left that died."""
    root = store.root / _STAGING
    root.mkdir(mode=0o700, exist_ok=True)
    for left in root.iterdir():
        if time.time() - left.stat().st_mtime > _STALE_S:
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(dir=root))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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


def _labels(store: RunStore, older: list[RunRecord], imported: Imported) -> Labels:
    """Those that people gave the older one, else what the source has."""
    if older:
        return store.open(older[0].run_id).labels()
    return Labels(tags=tuple(dict.fromkeys(imported.tags)), notes=imported.notes)


def _filling(staged: Path, facts: Facts, labels: Labels) -> Callable[[Run], None]:
    def fill(run: Run) -> None:
        first, last, step = _span(staged)
        for path in staged.iterdir():
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
