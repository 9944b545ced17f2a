"""Where a run is put together before it is moved into the runs folder, whole."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from engine.exchange.foreign import Block, Cut, Facts, ForeignRun, Unreadable
from engine.runs.files import write_new
from engine.runs.series import MetricFiles, read_records
from engine.runs.store import RunStore

_STAGING, _STALE_S = ".importing", 86_400.0
_PATIENCE_S = 60.0
MOST_METRICS = 20_000


def staged(found: ForeignRun, folder: Path) -> Facts:
    """Put all points into metric files in a folder, in the order in which they come."""
    folder.mkdir(mode=0o700)
    facts, names = Facts(), set[str]()
    files = MetricFiles(folder)
    try:
        for part in found.parts():
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


def digest(folder: Path) -> str:
    """SHA-256 of all points and the names of their metrics."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.bin")):
        digest.update(path.name.encode() + b"\0")
        with path.open("rb") as file:
            while chunk := file.read(1024**2):
                digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def alone(store: RunStore, title: str) -> Iterator[None]:
    """Be the only import that makes a run of what it has read.

    Raises:
        Unreadable: when another one does not come to an end.
    """
    lock = FileLock(store.root / _STAGING / "lock", timeout=_PATIENCE_S, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        reason = f"another import has been making a run for {_PATIENCE_S:.0f} seconds"
        raise Unreadable(title, reason, "Try again when it is done.") from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def staging_folder(store: RunStore) -> Iterator[Path]:
    """A folder beside the runs, gone afterwards, and with it what a process left that died."""
    root = store.root / _STAGING
    root.mkdir(mode=0o700, exist_ok=True)
    for left in root.iterdir():
        if left.is_dir() and time.time() - left.stat().st_mtime > _STALE_S:
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(dir=root))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
