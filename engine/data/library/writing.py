"""Rows on their way to the disk, with their fingerprint and what is seen of them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from engine.data.freed import give_back
from engine.data.intake.source import Incoming
from engine.data.library.dataset import ROWS
from engine.data.library.errors import DataRefused
from engine.data.library.fingerprints import Fingerprint
from engine.data.library.statistics import Seen

MOST_ROWS = 65_536
"""Rows of a batch on the disk, if they are small."""


@dataclass(frozen=True, slots=True)
class Written:
    """Rows that are on the disk."""

    fingerprint: str
    rows: int
    bytes: int
    seen: dict[str, Seen]


def written(incoming: Incoming, folder: Path) -> Written:
    """Write rows as they come, in bounded memory.

    Raises:
        DataRefused: when there are no rows.
    """
    schema = incoming.schema
    fingerprint = Fingerprint(schema)
    seen = {field.name: Seen(field) for field in schema}
    rows, path = 0, folder / ROWS
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for whole in incoming.batches:
            for start in range(0, len(whole), MOST_ROWS):
                batch = whole.slice(start, MOST_ROWS)
                fingerprint.feed(batch)
                for field, values in zip(schema, batch.columns, strict=True):
                    seen[field.name].feed(values)
                writer.write_batch(batch)
                rows += len(batch)
    if rows == 0:
        raise DataRefused(incoming.name, "has no rows", "Choose a file with data in it.")
    give_back()
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return Written(fingerprint.hexdigest(), rows, path.stat().st_size, seen)
