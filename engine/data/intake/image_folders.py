"""Images in a folder or zip file: a folder for each class, or a table of labels."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
from PIL import Image

from engine.data.intake.archives import Files, Member
from engine.data.intake.csv_files import CsvFile
from engine.data.intake.source import Access, Incoming, Options
from engine.data.library.columns import ARROW, ColumnType, field_of
from engine.data.library.errors import DataRefused
from engine.data.progress import Progress, silent

SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
_TABLES = (".csv", ".tsv")
SIDES = ("train", "training", "validation", "valid", "val", "dev", "test", "testing")
"""Names of folders and files that say for which side of a split they are."""
MOST_BYTES, MOST_PIXELS = 64 * 1024**2, 100_000_000
_BATCH_BYTES, _BATCH_ROWS = 16 * 1024**2, 1_024
MOST_LABELS_BYTES = 256 * 1024**2


class ImageFolder:
    """Images as a source of rows."""

    kind = "images"

    def __init__(self, path: Path, access: Access) -> None:
        self._path, self._access = path, access
        self._files = Files(path, access)

    def read(self, options: Options, progress: Progress) -> Incoming:
        name = self._path.name
        images = [m for m in self._files.members if m.name.suffix.lower() in SUFFIXES]
        if not images:
            ends = ", ".join(SUFFIXES)
            raise DataRefused(name, "has no images in it", f"Their names end in {ends}.")
        fields, facts = self._labels(images, options)
        notes: list[str] = []
        others = len(self._files.members) - len(images)
        if others and fields == by_folder(images)[0]:
            notes.append(f"{others:,} files that are no images were left out.")
        schema = pa.schema([field_of(column, type) for column, type in fields.items()])
        return Incoming(
            name, self.kind, schema, self._batches(facts, schema, options, progress, notes), notes
        )

    def _labels(
        self, images: list[Member], options: Options
    ) -> tuple[dict[str, ColumnType], list[tuple[Member, dict[str, Any]]]]:
        """The columns, and what is known of each image."""
        tables = [m for m in self._files.members if m.name.suffix.lower() in _TABLES]
        if len(tables) == 1 and tables[0].size <= MOST_LABELS_BYTES:
            found = self._from_table(tables[0], images, options)
            if found is not None:
                return found
        return by_folder(images)

    def _from_table(
        self, table: Member, images: list[Member], options: Options
    ) -> tuple[dict[str, ColumnType], list[tuple[Member, dict[str, Any]]]] | None:
        with TemporaryDirectory(prefix="traindeck-labels-") as folder:
            path = Path(folder) / "labels.csv"
            self._files.copy(table, path)
            incoming = CsvFile(path, self._access).read(options, silent)
            rows = pa.Table.from_batches(list(incoming.batches), schema=incoming.schema)
        known = {str(m.name): m for m in images} | {m.name.name: m for m in images}
        known |= {m.name.stem: m for m in images}
        column = _names_images(rows, known)
        if column is None:
            return None
        pairs = []
        for place, row in enumerate(rows.to_pylist(), 1):
            member = known.get(_plain(row[column]))
            if member is None:
                raise DataRefused(
                    f"{self._path.name}, {str(table.name)!r}",
                    f"row {place:,} names {row[column]!r}, and there is no such image",
                    "Mend the table, or leave it out.",
                )
            pairs.append((member, {"file": str(member.name)} | row))
        kept: dict[str, ColumnType] = {"image": "image", "file": "text"}
        types = {
            field.name: next(t for t, a in ARROW.items() if a == field.type)
            for field in rows.schema
        }
        return kept | {n: t for n, t in types.items() if n not in kept and n != column}, pairs

    def _batches(
        self,
        facts: list[tuple[Member, dict[str, Any]]],
        schema: pa.Schema,
        options: Options,
        progress: Progress,
        notes: list[str],
    ) -> Iterator[pa.RecordBatch]:
        held: list[dict[str, Any]] = []
        size, skipped = 0, []
        contents = self._files.contents([member for member, _ in facts], MOST_BYTES)
        for place, ((member, about), (_, content)) in enumerate(zip(facts, contents, strict=True)):
            fault = broken(content)
            if fault and options.broken == "stop":
                raise DataRefused(
                    f"{self._path.name}, {str(member.name)!r}",
                    f"is no image that can be decoded ({fault})",
                    "Remove it, or leave broken images out (broken = skip).",
                )
            if fault:
                skipped.append(str(member.name))
                continue
            held.append(about | {"image": content})
            size += len(content)
            if size >= _BATCH_BYTES or len(held) >= _BATCH_ROWS:
                yield pa.RecordBatch.from_pylist(held, schema=schema)
                held, size = [], 0
                progress(f"Reading {self._path.name}", place + 1, len(facts))
        if held:
            yield pa.RecordBatch.from_pylist(held, schema=schema)
        if skipped:
            notes.append(
                f"{len(skipped):,} broken images were left out, the first is {skipped[0]!r}."
            )


def broken(content: bytes) -> str:
    """Why bytes are no image that can be shown; empty for a good one."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                return f"{width:,} × {height:,} pixels are more than {MOST_PIXELS:,}"
            image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return str(error).split(" <")[0]
    return ""


def by_folder(
    members: list[Member], column: str = "image", type: ColumnType = "image"
) -> tuple[dict[str, ColumnType], list[tuple[Member, dict[str, Any]]]]:
    """The class is the folder that a file lies in; a folder above it may say its side."""
    root = _common_root([member.name for member in members])
    facts: list[tuple[Member, dict[str, Any]]] = []
    for member in members:
        folders = list(member.name.relative_to(root).parts[:-1])
        side = folders.pop(0) if folders and folders[0].lower() in SIDES else None
        about = {"file": str(member.name), "label": "/".join(folders) or None, "split": side}
        facts.append((member, about))
    fields: dict[str, ColumnType] = {column: type, "file": "text"}
    if any(about["label"] for _, about in facts):
        fields["label"] = "text"
    if any(about["split"] for _, about in facts):
        fields["split"] = "text"
    kept = [(member, {n: v for n, v in about.items() if n in fields}) for member, about in facts]
    return fields, kept


def _common_root(names: list[PurePosixPath]) -> PurePosixPath:
    """The folder that holds all and has more than one folder or any file in it."""
    root = PurePosixPath()
    while True:
        inner = {name.relative_to(root).parts[0] for name in names}
        deep = all(len(name.relative_to(root).parts) > 2 for name in names)
        if len(inner) != 1 or not deep:
            return root
        root /= inner.pop()


def _names_images(rows: pa.Table, known: dict[str, Member]) -> str | None:
    """The column with the names of the images."""
    for name in rows.column_names:
        first = rows.column(name).slice(0, 20).to_pylist()
        if first and any(_plain(value) in known for value in first):
            return str(name)
    return None


def _plain(value: object) -> str:
    return str(value).removeprefix("./")
