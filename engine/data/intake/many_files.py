"""Several files of one format as one table; texts in folders as documents with classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from engine.data.intake.archives import Files, Member
from engine.data.intake.encodings import guessed_encoding
from engine.data.intake.image_folders import SIDES, by_folder
from engine.data.intake.source import Access, Incoming, Options
from engine.data.intake.streams import MOST_LINE
from engine.data.library.columns import ColumnType, field_of, type_of
from engine.data.library.errors import DataRefused, WrongEncoding
from engine.data.progress import Progress

_BATCH_ROWS, _BATCH_BYTES = 2_048, 16 * 1024**2


class ManyFiles:
    """Files of one format; a column says which file or side each row is from."""

    def __init__(
        self,
        files: Files,
        members: list[Member],
        reader: Callable[[Path, Access], Any],
        access: Access,
    ) -> None:
        self._files, self._members = files, members
        self._reader, self._access = reader, access
        self.kind = "files"

    def read(self, options: Options, progress: Progress) -> Incoming:
        name, folder = self._files.path.name, TemporaryDirectory(prefix="traindeck-files-")
        sides = [_side(member) for member in self._members]
        column = "split" if all(sides) else "file"
        parts: list[Incoming] = []
        notes: list[str] = []
        try:
            for place, member in enumerate(self._members):
                path = self._path(member, Path(folder.name) / str(place))
                parts.append(self._reader(path, self._access).read(options, progress))
            schema = self._common([part.schema for part in parts])
        except BaseException:
            folder.cleanup()
            raise
        if len(parts) == 1:
            column = ""
        whole = schema.append(field_of(column, "text")) if column else schema

        def batches() -> Iterator[pa.RecordBatch]:
            with folder:
                for member, side, part in zip(self._members, sides, parts, strict=True):
                    said = side if column == "split" else str(member.name)
                    for batch in part.batches:
                        columns = [pc.cast(batch.column(f.name), f.type) for f in schema]
                        extra = [pa.array([said] * len(batch), pa.string())] if column else []
                        yield pa.record_batch([*columns, *extra], schema=whole)
                    notes.extend(f"{member.name}: {note}" for note in part.notes)

        self.kind = parts[0].kind
        return Incoming(name, self.kind, whole, batches(), notes)

    def _common(self, schemas: list[pa.Schema]) -> pa.Schema:
        """Columns that hold what those of all files hold."""
        first = schemas[0]
        for member, schema in zip(self._members, schemas, strict=True):
            if set(schema.names) != set(first.names):
                raise DataRefused(
                    f"{self._files.path.name}, {str(member.name)!r}",
                    f"has other columns ({_names(schema)}) than "
                    f"{str(self._members[0].name)!r} ({_names(first)})",
                    "Bring them in one by one, or make their columns alike.",
                )
        return pa.schema(
            [_wider([schema.field(name) for schema in schemas]) for name in first.names]
        )

    def _path(self, member: Member, folder: Path) -> Path:
        """The member as a file: itself in a folder, unpacked from an archive."""
        if self._files.path.is_dir():
            return self._files.path / member.name
        folder.mkdir()
        target = folder / (member.name.name if len(member.name.name) < 200 else "member")
        self._files.copy(member, target)
        return target


class TextFolder:
    """A document a file; the folder that it lies in is its class."""

    kind = "texts"

    def __init__(self, files: Files, members: list[Member]) -> None:
        self._files, self._members = files, members

    def read(self, options: Options, progress: Progress) -> Incoming:
        fields, facts = by_folder(self._members, "text", "text")
        schema = pa.schema([field_of(name, type) for name, type in fields.items()])

        def batches() -> Iterator[pa.RecordBatch]:
            held: list[dict[str, Any]] = []
            size = 0
            contents = self._files.contents(self._members, MOST_LINE)
            for place, ((_, about), (member, content)) in enumerate(
                zip(facts, contents, strict=True), 1
            ):
                held.append(about | {"text": _text(member, content, options.encoding)})
                size += len(content)
                if size >= _BATCH_BYTES or len(held) >= _BATCH_ROWS:
                    yield pa.RecordBatch.from_pylist(held, schema=schema)
                    held, size = [], 0
                    progress(f"Reading {self._files.path.name}", place, len(facts))
            if held:
                yield pa.RecordBatch.from_pylist(held, schema=schema)

        return Incoming(self._files.path.name, self.kind, schema, batches())


def _text(member: Member, content: bytes, encoding: str | None) -> str:
    used = encoding or "utf-8-sig"
    try:
        text = content.decode(used)
    except (UnicodeDecodeError, LookupError) as error:
        where = f"byte {error.start:,}" if isinstance(error, UnicodeDecodeError) else "unknown"
        guess = guessed_encoding(content)
        raise WrongEncoding(str(member.name), where, used, guess) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        reason = f"line {line:,} has a NUL byte, which no text has"
        raise DataRefused(str(member.name), reason, "Is this a text file?")
    return text


def _side(member: Member) -> str:
    """The side of a split that a file's name or folder says."""
    words = [member.name.stem.lower(), *(part.lower() for part in member.name.parts[:-1])]
    return next((word for word in words if word in SIDES), "")


def _wider(fields: list[pa.Field]) -> pa.Field:
    """Numbers for whole and other numbers; texts for anything else that differs."""
    types = {type_of(field) for field in fields}
    if len(types) == 1:
        return fields[0]
    both: ColumnType = "number" if types == {"integer", "number"} else "text"
    return field_of(fields[0].name, both)


def _names(schema: pa.Schema) -> str:
    return ", ".join(schema.names)[:200]
