"""W&B runs that were logged offline: folders `offline-run-*` with a `run-*.wandb` in them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from engine.exchange.folders import walked
from engine.exchange.foreign import (
    UNKNOWN_ENDING,
    Facts,
    ForeignRun,
    Part,
    Points,
    Unreadable,
    flat,
    known_time,
    plain_name,
)
from engine.exchange.wandb_log import LogRecords
from engine.exchange.wire import Value, fields, signed
from engine.runs.record import ImportSource

_HISTORY = 2
"""Number of the field of a record that holds a logged row."""
_OWN = ("_step", "_timestamp", "_runtime", "_wandb")
"""What W&B logs beside the metrics."""


class WandbImporter:
    """Reads runs of W&B that were not uploaded."""

    source: ImportSource = "wandb"

    def recognises(self, path: Path) -> bool:
        return next(iter(walked(path, _is_log)), None) is not None

    def runs(self, path: Path) -> Sequence[ForeignRun]:
        found = list(walked(path, _is_log))
        if not found:
            reason = "there is no run-*.wandb in it"
            raise Unreadable(path.name, reason, "Give an offline-run-* folder, or one of them.")
        return [ForeignRun(log.stem, log.name, partial(_read, log)) for log in found]


def _is_log(name: str) -> bool:
    return name.startswith("run-") and name.endswith(".wandb")


def _read(log: Path) -> Iterator[Part]:
    records, points = LogRecords(log), Points()
    yield Facts(status="stopped", reason=UNKNOWN_ENDING)
    for number, record in enumerate(records):
        try:
            parts = [*_parts(record, points)]
        except ValueError as error:
            raise Unreadable(log.name, f"record {number + 1:,} cannot be read ({error})") from None
        yield from parts
    yield from points.blocks()
    if records.torn:
        yield Facts(remarks=(f"{log.name}: the last record is torn; all before it was read.",))


def _parts(record: bytes, points: Points) -> Iterator[Part]:
    """What a record says; the points of a row are kept until there are many."""
    for kind, content in fields(record):
        if isinstance(content, int | float):
            continue
        if kind == _HISTORY:
            if _row(content, points):
                yield from points.blocks()
        elif (facts := _facts(kind, content)) is not None:
            yield facts


def _row(history: bytes, points: Points) -> bool:
    """Keep the numbers of one logged row; True when many points are held."""
    row: dict[str, Any] = {}
    step: int | None = None
    for kind, content in fields(history):
        if kind == 1 and isinstance(content, bytes):
            name, value = _item(content)
            row[name] = value
        elif kind == 2 and isinstance(content, bytes):
            numbers = [n for k, n in fields(content) if k == 1 and isinstance(n, int)]
            step = signed(numbers[0]) if numbers else 0
    at, place = row.get("_timestamp"), row.get("_step", step)
    if not isinstance(place, int | float) or isinstance(place, bool):
        return False  # W&B's own rows before the first step
    moment = known_time(float(at)) if isinstance(at, int | float) else float("nan")
    full = False
    for name, value in row.items():
        if name not in _OWN and not name.startswith("_wandb."):
            for metric, number in _numbers(name, value):
                full |= points.add(plain_name(metric), int(place), moment, number)
    return full


def _numbers(name: str, value: object) -> Iterator[tuple[str, float]]:
    """The numbers in a logged value, under dotted names; W&B writes NaN and infinity as text."""
    match value:
        case bool() | int() | float():
            yield name, float(value)
        case "NaN" | "Infinity" | "-Infinity":
            yield name, float(value)
        case dict() if "_type" not in value:
            for part, inner in value.items():
                yield from _numbers(f"{name}.{part}", inner)


def _item(content: bytes) -> tuple[str, Any]:
    """Name and value of an item of a row or a configuration."""
    keys: list[str] = []
    value: Any = None
    for kind, part in fields(content):
        if kind in (1, 2) and isinstance(part, bytes):
            keys.append(_text(part))
        elif kind == 16 and isinstance(part, bytes):
            value = json.loads(part)
    return ".".join(keys), value


def _facts(kind: int, content: bytes) -> Facts | None:
    match kind:
        case 17:
            return _of_run(content)
        case 5:
            return Facts(config=_config(content))
        case 18:
            return _of_exit(content)
        case _:
            return None


def _of_run(run: bytes) -> Facts:
    texts: dict[int, str] = {}
    config: dict[str, Any] = {}
    tags: list[str] = []
    started: float | None = None
    for kind, part in fields(run):
        if kind == 10 and isinstance(part, bytes):
            tags.append(_text(part))
        elif kind == 4 and isinstance(part, bytes):
            config |= _config(part)
        elif kind == 17 and isinstance(part, bytes):
            clock: dict[int, Value] = dict(fields(part))
            started = float(clock.get(1, 0)) + float(clock.get(2, 0)) / 1e9
        elif isinstance(part, bytes) and kind in (1, 2, 3, 6, 7, 8, 9):
            texts[kind] = _text(part)
    said = {"wandb.entity": 2, "wandb.project": 3, "wandb.group": 6, "wandb.job_type": 7}
    config |= {name: texts[kind] for name, kind in said.items() if texts.get(kind)}
    return Facts(
        identity="/".join(texts.get(kind, "") for kind in (2, 3, 1)),
        original_id=texts.get(1),
        name=texts.get(8),
        config=config,
        tags=tuple(tags),
        notes=texts.get(9),
        started_at=started,
    )


def _config(content: bytes) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kind, part in fields(content):
        if kind == 1 and isinstance(part, bytes):
            name, value = _item(part)
            if name != "_wandb":
                found |= flat(value, name)
    return found


def _of_exit(content: bytes) -> Facts:
    said: dict[int, Value] = dict(fields(content))
    code = said.get(1, 0)
    number = signed(code) if isinstance(code, int) else 0
    if number == 0:
        return Facts(status="completed", reason="")
    return Facts(status="failed", reason=f"It ended with exit code {number}.")


def _text(part: bytes) -> str:
    return part.decode("utf-8", "replace")
