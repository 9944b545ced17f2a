"""RunStore: the runs folder. Runs appear in it by themselves, whoever started them."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from engine.errors import (
    CannotResume,
    DamagedRun,
    RunIsBusy,
    RunsFolderUnusable,
    UnknownRun,
    UnreadableRun,
)
from engine.models.holding import take_from_library
from engine.run_spec import RunSpec
from engine.runs.entry import Entry
from engine.runs.files import write_whole
from engine.runs.index import RunIndex
from engine.runs.query.query import Language
from engine.runs.record import Imported, Origin, RunRecord, environment
from engine.runs.run import Labels, Run
from engine.runs.state import ACTIVE, LauncherName, RunState, Status

_Stamps = tuple[tuple[int, int] | None, ...]
_UNFINISHED, _UNFINISHED_S = ".new-", 86_400.0
"""How the folder of a run is named until all is in it, and after how long it is given up."""
_RUN_ID = re.compile(r"\d{8}-\d{6}-[a-z0-9]{6}")


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One row of a table of runs. A damaged run has a `damage` and no record or state."""

    id: str
    name: str
    record: RunRecord | None
    state: RunState | None
    labels: Labels | None
    damage: str = ""
    passing: bool = False
    """Whether the damage is only that the disk refuses, which may pass."""


class RunStore:
    """The runs folder: create, find, list, trash.

    Raises:
        RunsFolderUnusable: when the folder cannot be created or written.
    """

    def __init__(self, root: Path | str, *, now: Callable[[], float] = time.time) -> None:
        self.root = Path(root).expanduser().resolve()
        self._now = now
        self._seen: dict[str, tuple[_Stamps, RunSummary]] = {}
        self._naming, self._last_id = threading.Lock(), ("", 0)
        try:
            for folder in (self.root, self.queue, self.active, self.trash_folder):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe = self.root / f".probe-{os.getpid()}-{secrets.token_hex(4)}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise RunsFolderUnusable(self.root, error.strerror or str(error)) from None

    @property
    def queue(self) -> Path:
        """A marker for each run that waits for a launcher."""
        return self.root / ".queue"

    @property
    def active(self) -> Path:
        """A marker for each run that a worker has begun and not finished."""
        return self.root / ".active"

    @property
    def trash_folder(self) -> Path:
        return self.root / ".trash"

    def create(
        self,
        spec: RunSpec | Imported,
        *,
        data_fingerprint: str | None = None,
        origin: Origin | None = None,
        fill: Callable[[Run], None] | None = None,
    ) -> Run:
        """A new run that nobody works on yet, with status queued.

        With `Imported` in place of a spec it is one of elsewhere, which nobody can train.
        ``fill`` puts into the folder what the run begins with; nobody sees the run before.
        """
        now = self._now()
        stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%d-%H%M%S")
        record = RunRecord(
            run_id=self._new_id(stamp),
            created_at=now,
            spec=spec if isinstance(spec, RunSpec) else None,
            imported=spec if isinstance(spec, Imported) else None,
            data_fingerprint=data_fingerprint,
            environment=environment() if isinstance(spec, RunSpec) else {},
            origin=origin,
        )
        made = Run(self.root / f"{_UNFINISHED}{record.run_id}")
        made.folder.mkdir(mode=0o700)
        try:
            with made.owned():
                for part in ("metrics", "requests", "checkpoints"):
                    (made.folder / part).mkdir()
                made.write_state(RunState(queued_at=now))
                if fill is not None:
                    fill(made)
                if isinstance(spec, RunSpec):
                    take_from_library(spec.model, self.root, made.folder)
                write_whole(made.folder / "run.json", record.to_json(), durable=True)
            os.rename(made.folder, self.root / record.run_id)
        except BaseException:
            shutil.rmtree(made.folder)
            raise
        return Run(self.root / record.run_id)

    def _new_id(self, stamp: str) -> str:
        """An id that sorts behind those that this store has given in the same second."""
        with self._naming:
            before, number = self._last_id
            after = number + secrets.randbelow(256) if before == stamp else secrets.randbelow(2**23)
            self._last_id = stamp, after + 1
        return f"{stamp}-{after + 1:06x}"

    def open(self, run_id: str) -> Run:
        """The run of that id.

        Raises:
            UnknownRun: for an id that is not one of ours or has no folder.
            UnreadableRun: when the disk refuses even to tell whether it is there.
        """
        path = self.root / run_id / "run.json"
        try:
            known = bool(_RUN_ID.fullmatch(run_id)) and path.exists()
        except OSError as error:
            raise UnreadableRun(run_id, path, error.strerror or str(error)) from None
        if not known:
            raise UnknownRun(run_id, self.root)
        return Run(path.parent)

    def summary(self, run_id: str) -> RunSummary:
        """One run's row, read again only when it has changed.

        Raises:
            UnknownRun: for an id that is not one of ours or has no folder.
        """
        found = self._summary(run_id) if _RUN_ID.fullmatch(run_id) else None
        if found is None:
            raise UnknownRun(run_id, self.root)
        return found

    @cached_property
    def index(self) -> RunIndex:
        """What is known about all runs, kept in memory and on the disk; quick for very many."""
        return RunIndex(self)

    def find(self, query: str) -> Sequence[Entry]:
        """The runs that a query such as `val/loss < 1.5 and tags contains "x"` asks for.

        Newest first. Dates are meant in UTC.

        Raises:
            QueryError: for a query that cannot be understood.
        """
        return Language(self.index, self.index.entries()).find(query)

    def ids(self) -> Sequence[str]:
        """The folders that may be runs, newest first."""
        names = (entry.name for entry in os.scandir(self.root))
        return sorted((name for name in names if _RUN_ID.fullmatch(name)), reverse=True)

    def at_work(self) -> set[str]:
        """The runs that a worker has begun, or that wait for one."""
        return {entry.name for folder in (self.active, self.queue) for entry in os.scandir(folder)}

    def list(self) -> Sequence[RunSummary]:
        """All runs, newest first; only what changed since the last call is read again."""
        summaries = [self._summary(run_id) for run_id in self.ids()]
        return [summary for summary in summaries if summary is not None]

    def enqueue(self, run: Run, launcher: LauncherName = "auto") -> None:
        """Put a new or resumable run into the queue, to be picked up by a launcher.

        Raises:
            ImportedRun: when it was imported from elsewhere.
            CannotResume: when it is completed.
            RunIsBusy: when somebody works on it.
        """
        run.refuse_imported()
        self.sweep()
        with run.owned(timeout_s=0):
            state = run.state()
            if state.status == "completed":
                raise CannotResume(run.id, "it has made all its steps.")
            if (self.queue / run.id).exists() or (self.active / run.id).exists():
                raise RunIsBusy(run.id)
            run.take_requests()
            (self.queue / run.id).touch()  # before the state: a crash between leaves no orphan
            queued = {"status": "queued", "launcher": launcher, "queued_at": self._now()}
            cleared = {"phase": "", "reason": ""}
            run.write_state(state.model_copy(update=queued | cleared), durable=True)

    def unqueue(self, run: Run) -> bool:
        """Take a waiting run out of the queue; False when a launcher was quicker."""
        try:
            (self.queue / run.id).unlink()
        except FileNotFoundError:
            return False
        self.end(run, "stopped", "taken out of the queue")
        return True

    def ahead_of(self, run: Run) -> Sequence[Run]:
        """Runs that a waiting run lets go first: those at work, then those queued before it."""
        others = [self.open(entry.name) for entry in tuple(os.scandir(self.active))]
        at_work = [other for other in others if other.state().launcher != "foreground"]
        mine = (run.state().queued_at or 0, run.id)
        queued = [self.open(entry.name) for entry in tuple(os.scandir(self.queue))]
        order = sorted((other.state().queued_at or 0, other.id) for other in queued)
        return [*at_work, *(self.open(other_id) for at, other_id in order if (at, other_id) < mine)]

    def trash(self, run_id: str) -> None:
        """Move a run to the trash folder.

        Raises:
            UnknownRun: when there is none.
            RunIsBusy: while somebody works on it; stop it first.
        """
        run = self.open(run_id)
        (self.queue / run_id).unlink(missing_ok=True)
        if run.is_owned():
            raise RunIsBusy(run_id)
        (self.active / run_id).unlink(missing_ok=True)
        os.replace(run.folder, self.trash_folder / run_id)

    def restore(self, run_id: str) -> Run:
        """Take a run out of the trash.

        Raises:
            UnknownRun: when it is not there.
        """
        folder = self.trash_folder / run_id
        if not _RUN_ID.fullmatch(run_id) or not folder.exists():
            raise UnknownRun(run_id, self.trash_folder)
        os.replace(folder, self.root / run_id)
        run = self.open(run_id)
        state = _read_summary(run).state  # None where it is as damaged as when it was trashed
        if state is not None and state.status in ACTIVE:
            self.end(run, "stopped", "restored from the trash")
        return run

    def trashed_ids(self) -> Sequence[str]:
        """The runs in the trash folder, newest first."""
        names = (entry.name for entry in os.scandir(self.trash_folder))
        return sorted((name for name in names if _RUN_ID.fullmatch(name)), reverse=True)

    def trashed(self, most: int | None = None) -> Sequence[RunSummary]:
        """The runs in the trash folder, newest first; of very many only so many are read."""
        return [_read_summary(Run(self.trash_folder / name)) for name in self.trashed_ids()[:most]]

    def sweep(self, *, starting_s: float = 15.0) -> Sequence[str]:
        """Mark runs whose worker is gone as interrupted; their ids.

        A worker that a launcher has just started gets `starting_s` seconds to take ownership.
        A run that the disk will not give just now keeps its marker: somebody may be at work on it.
        """
        gone = []
        for entry in tuple(os.scandir(self.active)):
            try:
                run = self.open(entry.name)
                state = run.state()
            except UnreadableRun:
                continue
            except (UnknownRun, DamagedRun):
                Path(entry.path).unlink(missing_ok=True)
                continue
            fresh = self._now() - (state.heartbeat or entry.stat().st_mtime) < starting_s
            if state.host not in ("", socket.gethostname()) and self._remote_is_alive(state):
                continue
            if (state.phase == "starting" and fresh) or run.is_owned():
                continue
            if state.status == "queued" and state.phase != "starting":
                self._hand_back(run, entry, starting_s)
                continue
            if state.status in ACTIVE:
                self.end(run, "interrupted", _reason(state))
                gone.append(run.id)
            Path(entry.path).unlink(missing_ok=True)
        return gone

    def end(self, run: Run, status: Status, reason: str) -> None:
        """Write down that a run nobody works on has ended."""
        try:
            with run.owned(timeout_s=0):
                state = run.state()
                ended = {"status": status, "reason": reason, "phase": "", "ended_at": self._now()}
                run.write_state(state.model_copy(update=ended), durable=True)
                run.add_event(status, reason[:1].upper() + reason[1:] + ".")
        except RunIsBusy:
            return  # a worker came alive in between, so nothing ended

    def recover(self) -> None:
        """Find what fell between two steps of a process that died: half made, or in no queue."""
        self._remove_unfinished()
        marked = {*os.listdir(self.queue), *os.listdir(self.active)}
        for run_id in self.ids():
            run = Run(self.root / run_id)
            if run_id not in marked and _seems_queued(run) and not run.is_owned():
                self.end(run, "stopped", "it was never put into the queue")

    def _remove_unfinished(self) -> None:
        """Delete what was never a run, if nobody makes one of it any more."""
        for folder in self.root.glob(f"{_UNFINISHED}*"):
            old = self._now() - folder.stat().st_ctime > _UNFINISHED_S
            if old and not Run(folder).is_owned():  # locks do not reach other machines
                shutil.rmtree(folder)

    def _hand_back(self, run: Run, marker: os.DirEntry[str], starting_s: float) -> None:
        """Put a run back whose server died between taking it from the queue and starting it."""
        if self._now() - marker.stat().st_ctime > starting_s:
            with contextlib.suppress(FileNotFoundError):  # another server was quicker
                os.rename(marker.path, self.queue / run.id)

    def _remote_is_alive(self, state: RunState, timeout_s: float = 60.0) -> bool:
        """Locks do not reach other machines; a heartbeat does."""
        return self._now() - (state.heartbeat or 0) < timeout_s

    def _summary(self, run_id: str) -> RunSummary | None:
        folder = self.root / run_id
        stamps = tuple(_stamp(folder / f"{part}.json") for part in ("run", "state", "labels"))
        if stamps[0] is None:
            return None  # a run that is being created, or something else
        seen = self._seen.get(run_id)
        if seen is not None and seen[0] == stamps:
            return seen[1]
        summary = _read_summary(Run(folder))
        if not summary.passing:
            self._seen[run_id] = stamps, summary
        return summary


def _seems_queued(run: Run) -> bool:
    """Whether a run is queued; that of ten thousand is known without parsing their states."""
    try:
        content = (run.folder / "state.json").read_bytes()
        return b'"queued"' in content and run.state().status == "queued"
    except (OSError, DamagedRun):
        return False


def _read_summary(run: Run) -> RunSummary:
    try:
        return RunSummary(run.id, run.name, run.record, run.state(), run.labels())
    except DamagedRun as damage:
        passing = isinstance(damage, UnreadableRun)
        return RunSummary(run.id, run.id, None, None, None, str(damage), passing)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_mtime_ns, stat.st_ino


def _reason(state: RunState) -> str:
    where = f"process {state.pid}" if state.pid else "the worker"
    return f"{where} ended without finishing the run, after step {state.step}"
