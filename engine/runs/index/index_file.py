"""The index on disk: what a new process need not read from ten thousand folders again.

It is a cache. Whatever is wrong with it (absent, half written, changed, of another version of this
program), it counts as empty and is written anew.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from engine.runs.entry import Entry
from engine.runs.fact_row import FactRow, Shape, Shapes
from engine.runs.files import write_whole
from engine.runs.index.stamps import Stamp

NAME = ".index.json"
_MAGIC = "traindeck-index-1"
_ENGINE = Path(__file__).parents[2]
_DECIDES: tuple[str, ...] = ("runs", "config", "documents/versions.py", "data/specs.py")
_DECIDES += ("models/specs.py", "models/imported/spec.py", "task_spec.py", "run_spec.py")
_DECIDES += ("models/version.py", "models/hugging_face/spec.py")
_DECIDES += ("data/library/spec.py", "data/text/preparation.py", "data/augmentation_spec.py")
_DECIDES += ("runs/index", "training_config.py")


class Kept(NamedTuple):
    """An entry with the stamp of the folder that it was read from."""

    entry: Entry
    stamp: Stamp


def load(folder: Path, shapes: Shapes) -> dict[str, Kept]:
    """What the index of a runs folder holds; nothing when it cannot be used."""
    try:
        head, _, body = (folder / NAME).read_bytes().partition(b"\n")
    except OSError:
        return {}
    if head != _head(body):  # also when half of it was written
        return {}
    try:
        document = orjson.loads(body)
        known = [shapes.shape(tuple(names), plain) for names, plain, _ in document["shapes"]]
        texts = [lists for _, _, lists in document["shapes"]]
        rows = (_kept(row, known, texts) for row in document["rows"])
        return {kept.entry.id: kept for kept in rows}
    except (KeyError, IndexError, TypeError, ValueError):
        return {}  # somebody made a head that fits content of their own


def save(folder: Path, kept: Iterable[Kept]) -> None:
    """Replace the index of a runs folder.

    Raises:
        OSError: when it cannot be written.
    """
    numbers: dict[Shape, int] = {}
    lists: list[set[int]] = []
    rows = [_row(one, numbers, lists) for one in kept]
    shapes = [
        (shape.names, shape.plain, sorted(lists[number])) for shape, number in numbers.items()
    ]
    body = _encoded(shapes, rows)
    write_whole(folder / NAME, b"\n".join((_head(body), body)))


def _head(body: bytes) -> bytes:
    """Format, code and content in one line: a file of others, or half of one, does not fit it."""
    words = (_MAGIC, sys.byteorder, _code(), f"{zlib.crc32(body):08x}", str(len(body)))
    return " ".join(words).encode()


@lru_cache(maxsize=1)
def _code() -> str:
    """A digest of the sources that decide which facts a run has."""
    digest = sha256()
    for name in _DECIDES:
        place = _ENGINE / name
        for path in sorted(place.glob("*.py")) if place.is_dir() else [place]:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _row(kept: Kept, numbers: dict[Shape, int], lists: list[set[int]]) -> list[Any]:
    entry = kept.entry
    row = entry.facts
    number = numbers.setdefault(row.shape, len(numbers))
    if number == len(lists):
        lists.append(set())
    plain, metrics = row.values_of[: row.shape.plain], row.values_of[row.shape.plain :]
    lists[number].update(at for at, value in enumerate(plain) if isinstance(value, tuple))
    asked = dict(entry.extremes)  # at once: another thread may ask for more meanwhile
    extremes = {metric: _packed(pair) for metric, pair in asked.items()}
    return [entry.id, kept.stamp, entry.damage, number, plain, _packed(metrics), extremes]


def _kept(row: list[Any], shapes: list[Shape], texts: list[list[int]]) -> Kept:
    run_id, stamp, damage, number, values, packed, extremes = row
    for at in texts[number]:
        if isinstance(values[at], list):
            values[at] = tuple(values[at])
    facts = FactRow(shapes[number], (*values, *_unpacked(packed)))
    pairs = {metric: _unpacked(pair) for metric, pair in extremes.items()}
    entry = Entry(
        run_id, facts, damage, {metric: (low, high) for metric, (low, high) in pairs.items()}
    )
    return Kept(entry, tuple(stamp))


def _encoded(shapes: list[Any], rows: list[Any]) -> bytes:
    try:
        return orjson.dumps({"shapes": shapes, "rows": rows})
    except orjson.JSONEncodeError:  # numbers or texts that JSON has no place for
        rows = [row for row in rows if _is_encodable(row)]
        return orjson.dumps({"shapes": shapes, "rows": rows})


def _is_encodable(row: list[Any]) -> bool:
    try:
        orjson.dumps(row)
    except orjson.JSONEncodeError:
        return False
    return True


def _packed(numbers: Iterable[Any]) -> str:
    """Numbers as text: JSON has no NaN and no infinity."""
    return array("d", numbers).tobytes().hex()


def _unpacked(text: str) -> array[float]:
    numbers = array("d")
    numbers.frombytes(bytes.fromhex(text))
    return numbers
