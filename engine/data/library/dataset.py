"""Dataset: the rows of one version, memory-mapped, with what is known about them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from engine.data.library.columns import ColumnType
from engine.data.library.errors import DamagedDataset, DatasetChanged
from engine.data.library.fingerprints import Fingerprint
from engine.data.library.record import Column, DatasetRecord
from engine.data.progress import Progress, silent
from engine.errors import EngineError
from engine.runs.files import write_whole

ROWS, RECORD = "rows.arrow", "dataset.json"
_CHECKED = "checked"
"""The file that says of which rows the fingerprint was last seen to be right."""


class Dataset:
    """The rows of one version of a dataset. What lies in its folder is never changed but for
    names and roles.

    Raises:
        DamagedDataset: when its files cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.record = DatasetRecord.parse_json((folder / RECORD).read_bytes())
        except (OSError, EngineError) as error:
            raise DamagedDataset(folder.name, f"{RECORD} cannot be read: {error}") from None

    @property
    def fingerprint(self) -> str:
        return self.record.fingerprint

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.record.columns

    @property
    def column_types(self) -> dict[str, ColumnType]:
        return {column.name: column.type for column in self.columns}

    def __len__(self) -> int:
        return self.record.rows

    def table(self, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows; they stay on the disk until they are looked at."""
        return self._table if columns is None else self._table.select(list(columns))

    def rows(
        self, start: int = 0, stop: int | None = None, columns: Sequence[str] | None = None
    ) -> list[dict[str, Any]]:
        """Some rows as plain values, missing ones None."""
        stop = len(self) if stop is None else min(stop, len(self))
        part = self.table(columns).slice(start, max(0, stop - start))
        return list(part.to_pylist())

    def batches(
        self, columns: Sequence[str] | None = None, *, most_rows: int = 8192
    ) -> Iterator[pa.RecordBatch]:
        """All rows in their order, in batches of bounded size.

        They are read, not mapped: pages of a mapped file that was gone through count as memory.
        """
        with pa.OSFile(str(self.folder / ROWS)) as source:
            names = self._table.schema.names if columns is None else list(columns)
            places = [self._table.schema.get_field_index(name) for name in names]
            options = pa.ipc.IpcReadOptions(included_fields=places, use_threads=False)
            reader = pa.ipc.open_file(source, options=options)
            for number in range(reader.num_record_batches):
                batch = reader.get_batch(number).select(names)
                for start in range(0, len(batch), most_rows):
                    yield batch.slice(start, most_rows)

    def verify(self, progress: Progress = silent) -> None:
        """Read all rows anew, unless they were read since they were last written to.

        Raises:
            DatasetChanged: when they are not those that were brought in.
        """
        stamp = self._stamp()
        marker = self.folder / _CHECKED
        if marker.exists() and marker.read_text() == stamp:
            return
        found, done = Fingerprint(self._table.schema), 0
        for batch in self.batches():
            found.feed(batch)
            done += len(batch)
            progress(f"Checking {self.name}", done, len(self))
        if found.hexdigest() != self.fingerprint:
            raise DatasetChanged(self.name, self.fingerprint, found.hexdigest())
        write_whole(marker, stamp)

    @cached_property
    def _table(self) -> pa.Table:
        try:
            source = pa.memory_map(str(self.folder / ROWS))
            return pa.ipc.open_file(source).read_all()
        except (OSError, pa.ArrowInvalid) as error:
            raise DamagedDataset(self.fingerprint, f"{ROWS} cannot be read: {error}") from None

    def _stamp(self) -> str:
        try:
            status = os.stat(self.folder / ROWS)
        except OSError as error:
            raise DamagedDataset(self.fingerprint, f"{ROWS} is gone: {error.strerror}") from None
        return f"{status.st_size} {status.st_mtime_ns}"
