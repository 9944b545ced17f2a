"""From what a person names to a source: a path, an address, a name on a hub, a generator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engine.data.intake.archives import Files
from engine.data.intake.catalog import Catalogued
from engine.data.intake.columnar import ArrowFile, ParquetFile
from engine.data.intake.csv_files import CsvFile
from engine.data.intake.hugging_face import HubDataset, SavedDataset, is_saved
from engine.data.intake.image_folders import SIDES, SUFFIXES, ImageFolder
from engine.data.intake.json_files import JsonFile, JsonLines, is_lines
from engine.data.intake.many_files import ManyFiles, TextFolder
from engine.data.intake.numpy_files import NumpyFile
from engine.data.intake.places import within
from engine.data.intake.plain_texts import PlainText
from engine.data.intake.source import Access, Incoming, Options, Source, in_bytes
from engine.data.intake.sql import SqlQuery
from engine.data.intake.streams import compression_of
from engine.data.intake.synthetic import Recipe, Synthetic
from engine.data.library.errors import DataRefused
from engine.data.progress import Progress
from engine.errors import BadInput

_PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")
_FORMATS = {
    ".txt": "txt",
    ".text": "txt",
    ".md": "txt",
    ".markdown": "txt",
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".npy": "numpy",
    ".npz": "numpy",
}


class Reader(Protocol):
    """What reads one file or folder."""

    kind: str

    def read(self, options: Options, progress: Progress) -> Incoming:
        """As a source does."""


FILES: dict[str, Callable[[Path, Access], Reader]] = {
    "txt": PlainText,
    "csv": CsvFile,
    "json": JsonFile,
    "jsonl": JsonLines,
    "parquet": ParquetFile,
    "arrow": ArrowFile,
    "numpy": NumpyFile,
    "images": ImageFolder,
}
"""Format -> what reads a file or folder of it."""
_SEEKS = ("parquet", "arrow", "numpy", "images")
"""Formats that cannot be read from a stream."""


@dataclass(frozen=True)
class PathSource:
    """A file or folder as a source."""

    path: Path
    place: str
    access: Access = Access()

    @property
    def name(self) -> str:
        name = self.path.name
        while Path(name).suffix.lower() in (*_PACKED, *_FORMATS):
            name = Path(name).stem
        return name or self.path.name

    def read(self, options: Options, progress: Progress) -> Incoming:
        reader = _folder_reader if self.path.is_dir() else _file_reader
        return reader(self.path, options, self.access).read(options, progress)


def source_of(place: str, access: Access | None = None, *, query: str = "") -> Source:
    """What a person names: PATH, hf:NAME[:SUBSET[:SPLIT]], synthetic:KIND[:rows=...], catalog:NAME
    or, with a query, the address of a database.

    Raises:
        DataRefused: for what is not there or may not be read.
    """
    access = access or Access()
    scheme, _, rest = place.partition(":")
    if query or "://" in place:
        if not query:
            reason = "is an address; of databases rows are chosen by a query"
            raise DataRefused(
                scheme + "://...", reason, "Add the query, or download the file first."
            )
        return SqlQuery(place, query, access)
    match scheme:
        case "hf":
            name, subset, split = (*rest.split(":"), "", "")[:3]
            return HubDataset(name, subset or None, split or None, access)
        case "synthetic":
            return _synthetic(rest)
        case "catalog":
            return Catalogued(rest, access)
    return PathSource(within(Path(place), access), place, access)


def format_of(path: Path) -> str:
    """The format that a file's name says, below that of its compression; empty for none."""
    name = Path(path.name)
    if name.suffix.lower() in _PACKED:
        name = Path(name.stem)
    return _FORMATS.get(name.suffix.lower(), "")


def _file_reader(path: Path, options: Options, access: Access) -> Reader:
    if path.stat().st_size == 0:
        raise DataRefused(path.name, "is empty", "Choose a file with data in it.")
    if path.stat().st_size > access.most_bytes:
        limit = in_bytes(access.most_bytes)
        raise DataRefused(path.name, f"is larger than {limit}", "Bring in a part of it.")
    found = options.format or format_of(path)
    packed = compression_of(path)
    if packed == "zip" and path.suffix.lower() != ".npz":
        return _archive_reader(path, options, access)
    if not found:
        known = ", ".join(_FORMATS)
        reason = "its name does not say what is in it"
        raise DataRefused(path.name, reason, f"Name the format, or a file that ends in {known}.")
    if packed and packed != "zip" and found in _SEEKS:
        reason = f"a {found} file can only be read when it is unpacked"
        raise DataRefused(path.name, reason, "Unpack it first.")
    if found == "json" and options.format is None and is_lines(path):
        found = "jsonl"
    return FILES[found](path, access)


def _archive_reader(path: Path, options: Options, access: Access) -> Reader:
    files = Files(path, access)
    data = [m for m in files.members if _FORMATS.get(m.name.suffix.lower())]
    if len(files.members) == 1 and data:
        found = options.format or _FORMATS[data[0].name.suffix.lower()]
        if found not in _SEEKS:
            return FILES[found](path, access)
    return _many(path, files, options, access)


def _folder_reader(path: Path, options: Options, access: Access) -> Reader:
    if is_saved(path):
        return SavedDataset(path, access)
    return _many(path, Files(path, access), options, access)


def _many(path: Path, files: Files, options: Options, access: Access) -> Reader:
    """What reads a folder or archive, by what most of its files are."""
    suffixes = [member.name.suffix.lower() for member in files.members]
    images = sum(suffix in SUFFIXES for suffix in suffixes)
    if options.format == "images" or images > len(suffixes) / 2 or _labelled(suffixes, images):
        return ImageFolder(path, access)
    formats = [_FORMATS.get(suffix, "") for suffix in suffixes]
    usual = max(set(formats) - {""}, key=formats.count, default="")
    found = options.format or usual
    if not found:
        known = ", ".join((*SUFFIXES, *_FORMATS))
        raise DataRefused(path.name, "has no data in it", f"Files that end in {known} are read.")
    members = [m for m, f in zip(files.members, formats, strict=True) if f == found]
    sided = [m.name.stem.lower() in SIDES for m in members]
    if found == "txt" and not any(sided) and len(members) > 1:
        return TextFolder(files, members)
    return ManyFiles(files, members, FILES[found], access)


def _labelled(suffixes: Sequence[str], images: int) -> bool:
    """Whether there are images and one table that may be of their labels."""
    return images > 0 and sum(suffix in (".csv", ".tsv") for suffix in suffixes) == 1


def _synthetic(text: str) -> Source:
    kind, *settings = text.split(":")
    document: dict[str, object] = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        try:
            document[name] = float(value) if "." in value else int(value)
        except ValueError:
            reason = f"{setting!r} is no setting"
            raise DataRefused(f"synthetic:{kind}", reason, "Write rows=1000, seed=1...") from None
    try:
        return Synthetic(kind, Recipe.parse(document))
    except BadInput as error:
        raise DataRefused(f"synthetic:{kind}", str(error).rstrip(".")) from None
