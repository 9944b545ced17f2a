"""The raw points of curves as a file: every point as it was recorded, none left out."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray
from starlette.responses import Response, StreamingResponse

from components.charts.sampling import Window
from components.live_feed.answers import COMPRESSED, HEADERS
from components.live_feed.axes import scale
from components.live_feed.query import PointsQuery
from engine.runs.run import Run
from engine.runs.series import RECORD
from engine.runs.store import RunStore

COLUMNS = ("run", "name", "metric", "step", "time", "value")
_ROWS = 5_000
_IN_MEMORY = 8 * 1024**2
_CHUNK = 256 * 1024
_KINDS = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Part(NamedTuple):
    """Some points of one curve."""

    run: Run
    name: str
    metric: str
    records: NDArray[np.void]


def download(store: RunStore, query: PointsQuery) -> Response:
    """A file of the points of some curves, made while it is sent.

    Raises:
        EngineError: when a run cannot be read, or has no such axis.
    """
    runs = [store.open(run_id) for run_id in dict.fromkeys(query.run)]
    whole = [(run, run.name, _window_of(run, query)) for run in runs]
    parts = _parts(whole, query)
    name = file_name(query.title, query.format)
    # of both notations browsers take the one in UTF-8, where they know it
    plain_name = name.encode("ascii", "replace").decode().replace("?", "-")
    disposition = f"attachment; filename=\"{plain_name}\"; filename*=UTF-8''{quote(name)}"
    content = _csv(parts) if query.format == "csv" else _parquet(parts)
    headers = {
        **(COMPRESSED if query.format == "csv" else HEADERS),
        "Content-Disposition": disposition,
    }
    return StreamingResponse(content, media_type=_KINDS[query.format], headers=headers)


def file_name(title: str, kind: str) -> str:
    """A name for a file that no system trips over."""
    words = re.sub(r"\W+", "-", title).strip("-_")
    return f"{words[:80] or 'curves'}.{kind}"


def _window_of(run: Run, query: PointsQuery) -> tuple[bool, Window | None]:
    """Whether the window is one of times, and the window in places; None for everything."""
    if query.window is None:
        return False, None
    placed = scale(query.x, run, run.state())
    return placed.is_time, placed.window(query.window, np.empty(0), everything=False)


def _parts(
    whole: list[tuple[Run, str, tuple[bool, Window | None]]], query: PointsQuery
) -> Iterator[Part]:
    for run, name, (is_time, window) in whole:
        for metric in dict.fromkeys(query.metric):
            series = run.series(metric)
            records = np.empty(len(series.step), RECORD)
            records["step"], records["time"] = series.step, series.time
            records["value"] = series.value
            if window is not None:
                places = series.time if is_time else series.step
                records = _inside(records, places, window)
            for first in range(0, len(records), _ROWS):
                yield Part(run, name, metric, records[first : first + _ROWS])


def _inside(
    records: NDArray[np.void], places: NDArray[np.int64] | NDArray[np.float64], window: Window
) -> NDArray[np.void]:
    return records[(places >= window.low) & (places <= window.high)]


def _csv(parts: Iterator[Part]) -> Iterator[bytes]:
    yield (",".join(COLUMNS) + "\r\n").encode()
    for part in parts:
        text = io.StringIO()
        writer = csv.writer(text)
        told = (part.run.id, _harmless(part.name), _harmless(part.metric))
        for step, time, value in part.records.tolist():
            writer.writerow((*told, step, repr(time), repr(value)))
        yield text.getvalue().encode("utf-8", "replace")


def _harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _parquet(parts: Iterator[Part]) -> Iterator[bytes]:
    import pyarrow as pa  # late: 0.2 s that no page needs
    from pyarrow import parquet

    kinds = (pa.string(), pa.string(), pa.string(), pa.int64(), pa.float64(), pa.float64())
    schema = pa.schema(list(zip(COLUMNS, kinds, strict=True)))
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        with parquet.ParquetWriter(file, schema) as writer:
            for part in parts:
                writer.write_table(pa.table(_columns(part), schema=schema))
        file.seek(0)
        while chunk := file.read(_CHUNK):
            yield chunk


def _columns(part: Part) -> list[Any]:
    count = len(part.records)
    texts = (part.run.id, part.name, part.metric)
    return [
        *([text.encode("utf-8", "replace").decode()] * count for text in texts),
        *(np.ascontiguousarray(part.records[name]) for name in COLUMNS[3:]),
    ]
