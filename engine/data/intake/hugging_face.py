"""Datasets of Hugging Face: folders of `save_to_disk`, and names on the hub."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from engine.data.intake.columnar import arrow_batches, plain
from engine.data.intake.source import Access, Incoming, Options
from engine.data.library.columns import field_of
from engine.data.library.errors import DataRefused
from engine.data.progress import Progress

INSTALL = "pip install datasets"
_ROWS = 8_192


def is_saved(path: Path) -> bool:
    """Whether a folder was written by `save_to_disk`."""
    return (path / "state.json").is_file() or (path / "dataset_dict.json").is_file()


class SavedDataset:
    """A folder that `save_to_disk` of Hugging Face's datasets wrote, as a source of rows."""

    kind = "hugging face"

    def __init__(self, path: Path, access: Access) -> None:
        self._path = path

    def read(self, options: Options, progress: Progress) -> Incoming:
        name = self._path.name
        sides = self._sides()
        parts = [(side, path) for side, folder in sides.items() for path in _files(folder)]
        schema, _ = arrow_batches(parts[0][1])

        def batches() -> Iterator[tuple[str, pa.RecordBatch]]:
            for number, (side, path) in enumerate(parts):
                found, inner = arrow_batches(path)
                if found.remove_metadata() != schema.remove_metadata():
                    raise DataRefused(
                        name, f"{path.name} has other columns than {parts[0][1].name}"
                    )
                progress(f"Reading {name}", number, len(parts))
                for batch in inner():
                    for start in range(0, len(batch), _ROWS):
                        yield side, batch.slice(start, _ROWS)

        return _with_sides(name, schema, batches, split=len(sides) > 1)

    def _sides(self) -> dict[str, Path]:
        if not (self._path / "dataset_dict.json").is_file():
            return {"": self._path}
        names = _document(self._path / "dataset_dict.json").get("splits", [])
        sides = {str(side): self._path / Path(str(side)).name for side in names}
        if not sides:
            raise DataRefused(self._path.name, "its dataset_dict.json names no splits")
        return sides


class HubDataset:
    """A dataset on the Hugging Face hub as a source of rows; `datasets` must be installed.

    Raises:
        DataRefused: when it is not, or the network may not be used.
    """

    kind = "hugging face"

    def __init__(self, name: str, subset: str | None, split: str | None, access: Access) -> None:
        self.name, self._subset, self._split = name, subset, split
        if not access.network:
            raise DataRefused(name, "this server may not load data from the network")
        if importlib.util.find_spec("datasets") is None:
            reason = "the package 'datasets' is not installed"
            raise DataRefused(name, reason, f"Install it: {INSTALL}")

    @property
    def place(self) -> str:
        parts = [self.name, self._subset or "", self._split or ""]
        return "hf:" + ":".join(parts).rstrip(":")

    def read(self, options: Options, progress: Progress) -> Incoming:
        import datasets  # late: it is optional, and takes seconds to import

        progress(f"Asking the hub for {self.name}", 0, None)
        try:
            loaded = datasets.load_dataset(self.name, self._subset, split=self._split)
        except Exception as error:  # noqa: BLE001 - the hub's client raises anything; it is told
            reason = f"could not be loaded from the hub ({type(error).__name__}: {error})"
            raise DataRefused(self.name, reason[:500]) from None
        sides = loaded if isinstance(loaded, dict) else {"": loaded}
        first = next(iter(sides.values()))
        schema = first.data.schema

        def batches() -> Iterator[tuple[str, pa.RecordBatch]]:
            for side, part in sides.items():
                done = 0
                for table in part.with_format("arrow").iter(_ROWS):
                    for batch in table.to_batches():
                        yield side, batch
                    done += len(table)
                    progress(f"Reading {self.name} {side}".strip(), done, len(part))

        incoming = _with_sides(self.name, schema, batches, split=len(sides) > 1)
        incoming.licence = str(first.info.license or "")
        incoming.source = str(first.info.homepage or f"Hugging Face hub: {self.name}")
        return incoming


def _with_sides(name: str, schema: pa.Schema, batches: Any, *, split: bool) -> Incoming:
    """Rows with a column that says which part of the dataset each is from."""
    sides: list[str] = []

    def told() -> Iterator[pa.RecordBatch]:
        for side, batch in batches():
            sides.append(side)
            yield batch

    incoming = plain(name, "hugging face", schema, told, _classes(schema))
    if split and "split" not in incoming.schema.names:
        whole = incoming.schema.append(field_of("split", "text"))
        inner = incoming.batches
        incoming.batches = (
            pa.record_batch([*b.columns, pa.array([sides[-1]] * len(b), pa.string())], schema=whole)
            for b in inner
        )
        incoming.schema = whole
    return incoming


def _files(folder: Path) -> list[Path]:
    """The files with the rows, in their order."""
    state = _document(folder / "state.json")
    if state.get("_indices_data_files"):
        reason = "its rows are chosen by an index beside them"
        raise DataRefused(folder.name, reason, "Save it anew after flatten_indices().")
    names = [str(part.get("filename", "")) for part in state.get("_data_files", [])]
    files = [folder / Path(name).name for name in names]
    missing = [path.name for path in files if path.is_symlink() or not path.is_file()]
    if missing or not files:
        what = f"its file {missing[0]!r} is missing" if missing else "it names no files"
        raise DataRefused(folder.name, what)
    return files


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise DataRefused(path.name, f"cannot be read ({error})") from None
    if not isinstance(document, dict):
        raise DataRefused(path.name, "is no JSON object")
    return document


def _classes(schema: pa.Schema) -> dict[str, list[str]]:
    """The names of what columns of class numbers mean, as Hugging Face notes them."""
    try:
        noted = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        features = noted.get("info", {}).get("features", {})
        return {
            name: [str(label) for label in feature["names"]]
            for name, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (ValueError, AttributeError, KeyError, TypeError):
        return {}  # what is noted beside the rows is not needed to read them
