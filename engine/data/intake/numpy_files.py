"""Arrays of NumPy: the first dimension is that of the rows."""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from engine.data.intake.source import Access, Incoming, Options, in_bytes
from engine.data.library.columns import ARROW, ColumnType, field_of
from engine.data.library.errors import DataRefused
from engine.data.progress import Progress

_ROWS = 2_048
_MOST_COLUMNS = 2_000
_SIDES = re.compile(r"(?P<name>.+?)_(?P<side>train|test|val|valid|validation)", re.I)

Arrays = Mapping[str, Any]


class NumpyFile:
    """An .npy or .npz file as a source of rows. Nothing of it is unpickled."""

    kind = "numpy"

    def __init__(self, path: Path, access: Access) -> None:
        self._path, self._access = path, access

    def read(self, options: Options, progress: Progress) -> Incoming:
        name = self._path.name
        folder = TemporaryDirectory(prefix="traindeck-numpy-")
        try:
            sides = _sides(name, self._arrays(Path(folder.name)))
            fields = _fields(name, next(iter(sides.values())))
        except DataRefused:
            folder.cleanup()
            raise
        if len(sides) > 1:
            fields["split"] = "text"
        schema = pa.schema([field_of(column, type) for column, type in fields.items()])
        total = sum(len(next(iter(parts.values()))) for parts in sides.values())

        def batches() -> Iterator[pa.RecordBatch]:
            done = 0
            with folder:
                for side, parts in sides.items():
                    for start in range(0, len(next(iter(parts.values()))), _ROWS):
                        piece = {key: array[start : start + _ROWS] for key, array in parts.items()}
                        columns = dict(_columns(piece))
                        count = len(next(iter(columns.values())))
                        if "split" in fields:
                            columns["split"] = pa.array([side] * count)
                        yield pa.record_batch([columns[column] for column in fields], schema=schema)
                        done += count
                        progress(f"Reading {name}", done, total)

        return Incoming(name, self.kind, schema, batches())

    def _arrays(self, folder: Path) -> dict[str, Any]:
        try:
            if not zipfile.is_zipfile(self._path):
                return {"x": np.load(self._path, mmap_mode="r", allow_pickle=False)}
            return dict(_members(self._path, folder, self._access))
        except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise DataRefused(self._path.name, f"is no NumPy file of numbers ({error})") from None


def _members(path: Path, folder: Path, access: Access) -> Iterator[tuple[str, Any]]:
    """The arrays of an .npz file, unpacked one by one so that none must be in memory."""
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if member.filename.endswith(".npy")]
        if sum(member.file_size for member in members) > access.most_bytes:
            limit = in_bytes(access.most_bytes)
            raise DataRefused(path.name, f"holds more than {limit} when it is unpacked")
        for place, member in enumerate(members):
            target = folder / f"{place}.npy"
            with archive.open(member) as packed, target.open("wb") as file:
                shutil.copyfileobj(packed, file, 1024**2)
            key = member.filename.removesuffix(".npy")
            yield key, np.load(target, mmap_mode="r", allow_pickle=False)


def _sides(name: str, arrays: Arrays) -> dict[str, dict[str, Any]]:
    """The arrays of each side of a split, such as x_train and x_test; or all as one."""
    if not arrays:
        raise DataRefused(name, "has no arrays in it", "Choose a file with data in it.")
    found: dict[str, dict[str, Any]] = {}
    for key, array in arrays.items():
        match = _SIDES.fullmatch(key)
        side, column = (match["side"], match["name"]) if match else ("", key)
        found.setdefault(side.lower(), {})[column] = array
    columns = {tuple(sorted(parts)) for parts in found.values()}
    if "" in found and len(found) > 1 or len(columns) > 1:
        found = {"": dict(arrays)}
    for parts in found.values():
        lengths = {key: array.shape[0] if array.ndim else 0 for key, array in parts.items()}
        if len(set(lengths.values())) > 1 or 0 in lengths.values():
            told = ", ".join(f"{key} has {length:,}" for key, length in lengths.items())
            raise DataRefused(
                name,
                f"its arrays need the same number of rows, but {told}",
                "Keep in one file only arrays whose first dimension is that of the rows.",
            )
    return found


def _fields(name: str, arrays: Arrays) -> dict[str, ColumnType]:
    fields: dict[str, ColumnType] = {}
    for key, array in arrays.items():
        inner = _inner(name, key, array)
        if array.ndim == 1:
            fields[key] = inner
        elif _is_image(array):
            fields["image" if "image" not in fields else key] = "image"
        elif array.ndim == 2 and array.shape[1] <= _MOST_COLUMNS:
            fields |= {f"{key}{place}": inner for place in range(array.shape[1])}
        else:
            shape = " × ".join(map(str, array.shape))
            raise DataRefused(
                f"{name}, array {key!r}",
                f"is {shape} of {array.dtype}, which is neither columns nor images",
                "Rows are numbers, up to 2,000 in a row, or images as bytes: "
                "height × width, or that × 1, 3 or 4 channels.",
            )
    return fields


def _inner(name: str, key: str, array: Any) -> ColumnType:
    match array.dtype.kind:
        case "b":
            return "boolean"
        case "i" | "u":
            return "integer"
        case "f":
            return "number"
        case "U" | "S":
            return "text"
        case "M":
            return "time"
    raise DataRefused(f"{name}, array {key!r}", f"has values of type {array.dtype}")


def _is_image(array: Any) -> bool:
    is_bytes = array.dtype == np.uint8
    return is_bytes and (array.ndim == 3 or array.ndim == 4 and array.shape[3] in (1, 3, 4))


def _columns(arrays: Arrays) -> Iterator[tuple[str, Any]]:
    taken = False
    for key, array in arrays.items():
        if array.ndim == 1:
            yield key, _values(array)
        elif _is_image(array):
            yield ("image" if not taken else key), pa.array(map(_png, array), pa.binary())
            taken = True
        else:
            for place in range(array.shape[1]):
                yield f"{key}{place}", _values(array[:, place])


def _values(array: Any) -> Any:
    kinds: dict[str, ColumnType] = {"b": "boolean", "f": "number", "M": "time"}
    if array.dtype.kind in "US":
        texts = [v.decode() if isinstance(v, bytes) else str(v) for v in array.tolist()]
        return pa.array(texts, pa.string())
    if array.dtype.kind == "M":
        return pa.array(array.astype("datetime64[us]"))
    type = ARROW[kinds.get(array.dtype.kind, "integer")]
    return pa.array(np.ascontiguousarray(array)).cast(type)


def _png(pixels: Any) -> bytes:
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    written = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(written, "PNG", compress_level=1)
    return written.getvalue()
