"""MLflow's database, a file of SQLite that is only ever read."""

from __future__ import annotations

import math
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from engine.exchange.foreign import (
    ForeignRun,
    Part,
    Points,
    Unreadable,
    known_time,
    plain_name,
)
from engine.exchange.mlflow_facts import facts_of

MAGIC = b"SQLite format 3\0"
_RUNS = """
    SELECT runs.run_uuid, runs.name, runs.status, runs.start_time, runs.end_time,
           experiments.name AS experiment
    FROM runs LEFT JOIN experiments ON runs.experiment_id = experiments.experiment_id
    WHERE runs.lifecycle_stage = 'active' ORDER BY runs.start_time, runs.run_uuid
"""
_POINTS = """
    SELECT "key", step, timestamp, value, is_nan FROM metrics WHERE run_uuid = ?
    ORDER BY "key", step, timestamp
"""


def is_database(file: Path) -> bool:
    """Whether a file is one of SQLite."""
    with file.open("rb") as opened:
        return opened.read(len(MAGIC)) == MAGIC


def database_runs(file: Path) -> Sequence[ForeignRun]:
    """The runs in it that were not deleted, oldest first."""
    with _opened(file) as connection:
        return [
            ForeignRun(
                str(row["name"] or row["run_uuid"]),
                file.name,
                partial(_read, file, str(row["run_uuid"]), {**row}),
            )
            for row in connection.execute(_RUNS)
        ]


def _read(file: Path, run_id: str, about: dict[str, Any]) -> Iterator[Part]:
    with _opened(file) as connection:
        params = _pairs(connection, "params", run_id)
        yield facts_of(run_id, about | {"tags": _pairs(connection, "tags", run_id)}, params)
        points = Points()
        for row in connection.execute(_POINTS, (run_id,)):
            value = math.nan if row["is_nan"] else _value(float(row["value"]))
            moment = known_time(row["timestamp"] / 1000)
            if points.add(plain_name(str(row["key"])), int(row["step"]), moment, value):
                yield from points.blocks()
        yield from points.blocks()


def _pairs(connection: sqlite3.Connection, table: str, run_id: str) -> dict[str, str]:
    found = connection.execute(f'SELECT "key", value FROM {table} WHERE run_uuid = ?', (run_id,))
    return {str(row["key"]): str(row["value"]) for row in found}


def _value(value: float) -> float:
    """MLflow keeps an infinity as the largest number that there is."""
    largest = sys.float_info.max
    return math.copysign(math.inf, value) if abs(value) == largest else value


@contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    """The database, which nothing here can change.

    Raises:
        Unreadable: when it is damaged, or none of MLflow.
    """
    try:
        address = f"file:{quote(str(file.resolve()))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=5)) as connection:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.row_factory = sqlite3.Row
            connection.text_factory = lambda text: text.decode("utf-8", "replace")
            yield connection
    except (sqlite3.Error, TypeError, ValueError, OverflowError) as error:
        raise Unreadable(file.name, f"it cannot be read as MLflow's database ({error})") from None
