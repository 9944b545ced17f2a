"""RunIndex: the facts and newest metrics of all runs, read again only where a run has changed."""

from __future__ import annotations

import contextlib
import math
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import DamagedRun, UnreadableRun
from engine.runs.entry import DAMAGED, Entry
from engine.runs.fact_row import Shapes
from engine.runs.facts import Fact, facts_of
from engine.runs.index import index_file
from engine.runs.index.extremes import Extremes
from engine.runs.index.index_file import Kept
from engine.runs.index.newest import Seen, newest_values
from engine.runs.index.stamps import UNSETTLED, stamp_of
from engine.runs.run import Run

if TYPE_CHECKING:
    from engine.runs.store import RunStore

_CHECKED_ANYWAY = 250
"""Runs of which the files are looked at though the folder has not changed: people edit in place."""
_FEW = 5_000
"""Runs up to which the folder of each is looked at every time."""
_NEWEST, _IN_TURN = 1_000, 2_500
"""Of more: the newest, those at work or waiting, and so many of the others in turn."""
_UNREAD = (UNSETTLED,)
"""The stamp of a run that the disk would not give: it is read again at the next look."""
_SAVED_EVERY_S = 60.0
_SLICE_S = 0.2


class RunIndex:
    """The runs of a store, newest first; one is kept for each store and shared by all threads.

    `store.index` is it. It is kept on the disk too, so that a new process need not read all runs.
    """

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._shapes = Shapes()
        self._extremes = Extremes()
        self._known: dict[str, Kept] = {}
        self._metrics_seen: dict[str, Seen] = {}
        self._entries: Sequence[Entry] = ()
        self._told: set[str] = set()
        self._looks = 0
        self._checked = 0
        self._unsaved = 0
        self._save_at = 0.0
        self._reader: threading.Thread | None = None
        self.unread = 0
        """Runs that were not read yet when `entries` last came back for want of time."""

    def entries(self, *, within_s: float | None = None) -> Sequence[Entry]:
        """All runs, newest first; what has changed since the last call is read again.

        With `within_s` no more runs are read after so many seconds, and `unread` tells how many
        are missing; the next call goes on.
        """
        asked = self._looks
        with self._lock:
            if self._looks < asked + 2 or self.unread:  # else one began after we had asked
                self._look(math.inf if within_s is None else time.monotonic() + within_s)
            return self._entries

    @property
    def latest(self) -> Sequence[Entry]:
        """All runs as they were when somebody last looked; nothing is looked at again."""
        return self._entries

    def entry(self, run_id: str) -> Entry | None:
        """One run as it was when all runs were last looked at; None when it was not there."""
        kept = self._known.get(run_id)
        return None if kept is None else kept.entry

    def tell(self, run_id: str) -> None:
        """Say that a run was changed, so that the next look finds it among very many."""
        self._told.add(run_id)

    def extremes(self, entry: Entry, metric: str) -> tuple[float, float] | None:
        """Lowest and highest value of a metric over the whole run; None when it has none."""
        if entry.facts.metric(metric) is None:
            return None
        known = entry.extremes.get(metric)
        if known is None:
            attempt = entry.facts.get("attempt")
            assert isinstance(attempt, int), "a run with metrics has a state"
            known = self._extremes.of(self._store.root / entry.id, metric, attempt)
            if known is not None:
                entry.extremes[metric] = known
                self._unsaved += not entry.is_active
        return known

    def read_on(self) -> None:
        """Read in the background what is unread; at most one thread does."""
        if self.unread and (self._reader is None or not self._reader.is_alive()):
            self._reader = threading.Thread(target=self._read_on, name="run-index", daemon=True)
            self._reader.start()

    def _read_on(self) -> None:
        while self.unread:
            self.entries(within_s=_SLICE_S)
            time.sleep(_SLICE_S / 10)  # lets those in who only want to see what is known

    # -- under the lock ------------------------------------------------------------------------

    def _look(self, deadline: float) -> None:
        if not self._looks:
            self._known = index_file.load(self._store.root, self._shapes)
            self._save_at = time.monotonic() + _SAVED_EVERY_S
        self._looks += 1
        ids = self._store.ids()
        for gone in self._known.keys() - set(ids):
            del self._known[gone]
            self._metrics_seen.pop(gone, None)
        self.unread = self._check_all(self._suspects(ids), deadline)
        self._entries = [self._known[run_id].entry for run_id in ids if run_id in self._known]
        self._save()

    def _check_all(self, suspects: Sequence[str], deadline: float) -> int:
        """Check as many as there is time for; how many that we know nothing of are left."""
        for done, run_id in enumerate(suspects, start=1):
            self._check(run_id)
            if time.monotonic() > deadline:
                return sum(run_id not in self._known for run_id in suspects[done:])
        return 0

    def _suspects(self, ids: Sequence[str]) -> list[str]:
        """Runs that may have changed, newest first, and some in turn that seem not to have."""
        root = f"{self._store.root}{os.sep}"
        turn = set(self._turn(ids, _CHECKED_ANYWAY))
        few = len(ids) <= _FEW or self._looks == 1
        asked = ids if few else self._likely(ids, turn)
        return [run_id for run_id in asked if run_id in turn or self._seems_new(run_id, root)]

    def _likely(self, ids: Sequence[str], turn: set[str]) -> Sequence[str]:
        """Of very many runs those that may well have changed, and some others in turn."""
        unknown = (run_id for run_id in ids if run_id not in self._known)
        kept = self._known.items()
        active = (run_id for run_id, kept in kept if kept.entry.is_active or kept.stamp == _UNREAD)
        told, self._told = self._told, set()
        wanted = {*ids[:_NEWEST], *self._turn(ids, _IN_TURN), *unknown, *active, *told, *turn}
        wanted |= self._store.at_work()
        return [run_id for run_id in ids if run_id in wanted]

    def _turn(self, ids: Sequence[str], count: int) -> Sequence[str]:
        """The next so many of the runs, again and again."""
        count = min(count, len(ids))
        found = [ids[(self._checked + step) % len(ids)] for step in range(count)]
        self._checked = (self._checked + count) % max(1, len(ids))
        return found

    def _seems_new(self, run_id: str, root: str) -> bool:
        kept = self._known.get(run_id)
        if kept is None or kept.entry.is_active:
            return True
        try:
            return kept.stamp[0] != os.stat(root + run_id).st_mtime_ns
        except OSError:
            return True

    def _check(self, run_id: str) -> None:
        """Read a run again if its files have changed, and the metrics of one that is at work."""
        folder, kept = self._store.root / run_id, self._known.get(run_id)
        stamp = stamp_of(str(folder))
        if stamp is None:  # being created, deleted, or something else
            self._known.pop(run_id, None)
            return
        if kept is not None and kept.stamp[1:] == stamp[1:] and stamp[0] != UNSETTLED:
            self._known[run_id] = Kept(self._newest(kept.entry, folder), stamp)
            return
        entry, is_read = self._read(Run(folder))
        self._known[run_id] = Kept(entry, stamp if is_read else _UNREAD)
        if not entry.is_active:
            self._metrics_seen.pop(run_id, None)
            self._unsaved += 1

    def _newest(self, entry: Entry, folder: Path) -> Entry:
        """The entry with the metrics of now, where they may have grown."""
        if not entry.is_active:
            return entry
        facts = entry.facts.without_metrics()
        return Entry(entry.id, self._shapes.row(facts, self._metrics(entry.id, folder)))

    def _read(self, run: Run) -> tuple[Entry, bool]:
        """What is known of a run, and whether that is all there is to know of it now."""
        try:
            facts = facts_of(run.record, run.state(), run.labels())
        except DamagedRun as damage:
            is_read = not isinstance(damage, UnreadableRun)
            known: dict[str, Fact] = {"id": run.id, "name": run.id, "status": DAMAGED}
            known |= {"reason": str(damage), "tags": (), "archived": False}
            return Entry(run.id, self._shapes.row(known, {}), str(damage)), is_read
        return Entry(run.id, self._shapes.row(facts, self._metrics(run.id, run.folder))), True

    def _metrics(self, run_id: str, folder: Path) -> dict[str, float]:
        return newest_values(folder / "metrics", self._metrics_seen.setdefault(run_id, {}))

    def _save(self) -> None:
        """Write the index when much of it is new, or some of it and it is time."""
        much = not self.unread and self._unsaved * 5 > len(self._known)
        if not self._unsaved or not (much or time.monotonic() > self._save_at):
            return
        self._save_at, self._unsaved = time.monotonic() + _SAVED_EVERY_S, 0
        with contextlib.suppress(OSError):  # only a cache; tried again when more has changed
            index_file.save(self._store.root, self._known.values())
