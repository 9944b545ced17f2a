"""DataLibrary: all datasets beside the runs."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from engine.data.intake.source import Incoming, Options, Source
from engine.data.library.dataset import RECORD, Dataset
from engine.data.library.errors import DamagedDataset, MissingDataset, room_for
from engine.data.library.record import Column, DatasetRecord, Origin
from engine.data.library.roles import guessed_columns, guessed_task
from engine.data.library.spec import Role
from engine.data.library.writing import written
from engine.data.progress import Progress, silent
from engine.errors import BadInput, Problem
from engine.runs.files import write_whole

_PART, _PART_S = ".part-", 86_400.0
"""How the folder of a dataset is named until all is in it, and after how long it is given up."""
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
MOST_NAME = 200


class DataLibrary:
    """All datasets of a runs folder. They appear in it whole, by one rename, or not at all."""

    def __init__(self, runs: Path, *, now: Callable[[], float] = time.time) -> None:
        self.root = runs / ".data"
        self._now = now

    # -- taking in ---------------------------------------------------------------------------------

    def take_in(
        self,
        source: Source,
        options: Options | None = None,
        progress: Progress = silent,
        *,
        name: str = "",
    ) -> Dataset:
        """Read a source whole and keep its rows. The same rows again change nothing.

        Raises:
            DataRefused: for data that cannot be read as it was asked for.
            NoRoom: when the disk is full.
            Cancelled: when ``progress`` raised it; then nothing is left behind, too.
        """
        options = options or Options()
        with room_for(f"bringing in {source.name}"), self.making() as part:
            incoming = source.read(options, progress)
            origin = Origin(
                kind=incoming.kind,
                place=source.place,
                options=options.model_dump(mode="json", exclude_defaults=True),
                source=incoming.source,
                licence=incoming.licence,
            )
            return self.keep(part, incoming, origin, name=name or source.name)

    def keep(
        self,
        part: Path,
        incoming: Incoming,
        origin: Origin,
        *,
        name: str,
        parent: tuple[DatasetRecord, Mapping[str, object]] | None = None,
    ) -> Dataset:
        """Write rows into a folder of `making` and give it its name; ``parent``: what they were
        made from, and how; columns and task are then for what they were for."""
        rows = written(incoming, part)
        columns = guessed_columns(rows.seen)
        task = guessed_task(columns)
        if parent:
            columns, task = _as_before(columns, parent[0]), parent[0].task
        record = DatasetRecord.parse(
            {
                "fingerprint": rows.fingerprint,
                "name": name[:MOST_NAME] or "data",
                "origin": origin,
                "created_at": self._now(),
                "rows": rows.rows,
                "bytes": rows.bytes,
                "columns": columns,
                "task": task,
                "notes": tuple(incoming.notes),
                "parent": parent and parent[0].fingerprint,
                "change": dict(parent[1]) if parent else {},
            }
        )
        if self.has(rows.fingerprint):
            return self.dataset(rows.fingerprint)
        write_whole(part / RECORD, record.to_json(), durable=True)
        try:
            os.rename(part, self.folder(rows.fingerprint))
        except OSError:
            if not self.has(rows.fingerprint):  # else somebody was quicker
                raise
        return self.dataset(rows.fingerprint)

    @contextmanager
    def making(self) -> Iterator[Path]:
        """A new folder for rows that are being written; it is gone afterwards, or has a name."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._remove_unfinished()
        part = self.root / f"{_PART}{secrets.token_hex(6)}"
        part.mkdir(mode=0o700)
        try:
            yield part
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _remove_unfinished(self) -> None:
        for folder in self.root.glob(f"{_PART}*"):
            if self._now() - folder.stat().st_mtime > _PART_S:
                shutil.rmtree(folder, ignore_errors=True)

    # -- what is there -----------------------------------------------------------------------------

    def folder(self, fingerprint: str) -> Path:
        """Where the rows of that fingerprint are, or would be."""
        return self.root / fingerprint

    def prepared(self, fingerprint: str) -> Path:
        """Where what was prepared of that dataset is kept; it may be deleted at any time."""
        return self.root / "prepared" / fingerprint

    def has(self, fingerprint: str) -> bool:
        return (
            bool(_FINGERPRINT.fullmatch(fingerprint))
            and (self.folder(fingerprint) / RECORD).exists()
        )

    def dataset(self, fingerprint: str, name: str = "") -> Dataset:
        """The dataset of that fingerprint; ``name`` is how whoever asks knows it.

        Raises:
            MissingDataset: when there is none.
            DamagedDataset: when its files cannot be read.
        """
        if not self.has(fingerprint):
            raise MissingDataset(fingerprint, name)
        return Dataset(self.folder(fingerprint))

    def datasets(self) -> list[Dataset]:
        """All datasets that can be read, the newest first."""
        found = [dataset for dataset, _ in self._all() if dataset is not None]
        return sorted(found, key=lambda dataset: dataset.record.created_at, reverse=True)

    def damaged(self) -> dict[str, str]:
        """Fingerprints of datasets that cannot be read, and why."""
        return {name: damage for dataset, (name, damage) in self._all() if dataset is None}

    def find(self, begun: str) -> Dataset:
        """The dataset whose fingerprint begins so, or that has this name.

        Raises:
            BadInput: when there is none, or more than one.
        """
        there = self.datasets()
        fitting = [found for found in there if begun and found.fingerprint.startswith(begun)]
        fitting = fitting or [found for found in there if found.name == begun]
        if len(fitting) == 1:
            return fitting[0]
        names = ", ".join(f"{found.fingerprint[:12]} ({found.name})" for found in fitting or there)
        message = "several datasets are meant" if fitting else "no such dataset"
        known = f"There are: {names}." if names else "The library is empty."
        raise BadInput([Problem("DATASET", message, repr(begun), known)])

    # -- what can be changed -----------------------------------------------------------------------

    def rename(self, fingerprint: str, name: str) -> Dataset:
        """Give a dataset another name, and have it anew.

        Raises:
            BadInput: for a name that is empty or too long.
        """
        if not name.strip() or len(name) > MOST_NAME:
            remedy = f"Use 1 to {MOST_NAME} characters."
            raise BadInput([Problem("name", "is no name for a dataset", repr(name[:60]), remedy)])
        return self._changed(fingerprint, {"name": name.strip()})

    def assign(self, fingerprint: str, roles: Mapping[str, Role]) -> Dataset:
        """Say what columns are for, and have the dataset anew; those not named stay.

        Raises:
            BadInput: for columns that it does not have.
        """
        columns = self.dataset(fingerprint).columns
        unknown = sorted(set(roles) - {column.name for column in columns})
        if unknown:
            there = ", ".join(column.name for column in columns)
            problem = Problem("columns", "no such column", unknown[0], f"There are: {there}.")
            raise BadInput([problem])
        changed = [
            column.model_dump(mode="json") | {"role": roles.get(column.name, column.role)}
            for column in columns
        ]
        return self._changed(fingerprint, {"columns": changed})

    def remove(self, fingerprint: str) -> None:
        """Delete a dataset; runs that were made with it cannot be resumed until it is there again.

        Raises:
            MissingDataset: when there is none.
        """
        folder = self.folder(fingerprint)
        if not _FINGERPRINT.fullmatch(fingerprint) or not folder.exists():
            raise MissingDataset(fingerprint)
        gone = self.root / f"{_PART}{secrets.token_hex(6)}"
        os.rename(folder, gone)  # from now on it is no dataset, even if we die
        shutil.rmtree(gone)
        shutil.rmtree(self.prepared(fingerprint), ignore_errors=True)

    def _changed(self, fingerprint: str, changes: Mapping[str, object]) -> Dataset:
        dataset = self.dataset(fingerprint)
        document = dataset.record.model_dump(mode="json") | dict(changes)
        record = DatasetRecord.parse(document)
        write_whole(dataset.folder / RECORD, record.to_json(), durable=True)
        return Dataset(dataset.folder)

    def _all(self) -> Iterator[tuple[Dataset | None, tuple[str, str]]]:
        if not self.root.exists():
            return
        for folder in self.root.iterdir():
            if _FINGERPRINT.fullmatch(folder.name):
                try:
                    yield Dataset(folder), (folder.name, "")
                except DamagedDataset as error:
                    yield None, (folder.name, str(error))


def _as_before(columns: tuple[Column, ...], parent: DatasetRecord) -> tuple[Column, ...]:
    roles = {column.name: column.role for column in parent.columns}
    return tuple(
        column.model_copy(update={"role": roles.get(column.name, column.role)})
        for column in columns
    )
