"""Files as streams of bytes, unpacked where they are compressed, with their bounds watched."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

import pyarrow as pa

from engine.data.intake.encodings import guessed_encoding
from engine.data.intake.source import in_bytes
from engine.data.library.errors import DataRefused, WrongEncoding
from engine.data.progress import Progress

CHUNK = 4 * 1024**2
MOST_LINE = 16 * 1024**2
"""Bytes of a line: a longer one is no line of a text or table."""
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    gzip.BadGzipFile,
    pa.ArrowException,
)
"""What the unpackers raise for bytes that are wrong; bz2 raises OSError without a number."""
_MAGIC = {
    b"\x1f\x8b": "gz",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"\x28\xb5\x2f\xfd": "zst",
}
_JUNK = ("__MACOSX", "Thumbs.db", "desktop.ini")
_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def compression_of(path: Path) -> str:
    """How a file is compressed, by its first bytes; empty for not at all."""
    with path.open("rb") as file:
        head = file.read(6)
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "")


@contextmanager
def unpacked(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """The content of a file as a stream, and the file itself, whose place tells the progress.

    Raises:
        DataRefused: for a damaged file, or a zip file without or with several files in it.
    """
    kind = compression_of(path)
    with path.open("rb") as file:
        try:
            with _unpacking(file, kind, path.name) as stream:
                yield stream, file
        except DAMAGE as error:
            if not kind:
                raise
            raise DataRefused(path.name, f"the {kind} file is damaged ({error})") from None
        except OSError as error:
            if not kind or error.errno is not None:
                raise
            raise DataRefused(path.name, f"the {kind} file is damaged ({error})") from None


@contextmanager
def _unpacking(file: IO[bytes], kind: str, name: str) -> Iterator[IO[bytes]]:
    match kind:
        case "gz":
            with gzip.open(file) as stream:
                yield stream  # type: ignore[misc]
        case "bz2":
            with bz2.open(file) as stream:
                yield stream
        case "xz":
            with lzma.open(file) as stream:
                yield stream
        case "zst":
            with pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd") as stream:
                yield stream
        case "zip":
            with zipfile.ZipFile(file) as archive, archive.open(_only(archive, name)) as stream:
                yield stream
        case _:
            yield file


def _only(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    infos = archive.infolist()
    members = [m for m in infos if not m.is_dir() and not is_junk(PurePosixPath(m.filename))]
    if len(members) != 1:
        raise DataRefused(name, f"the archive has {len(members)} files where one was expected")
    return members[0]


def is_junk(name: PurePosixPath) -> bool:
    """Whether a file of an archive or folder is none that a person put there, or lies outside."""
    return any(part in _JUNK or part.startswith(".") for part in name.parts)


class Pieces:
    """The content of a file in pieces of bounded size, with the progress told."""

    def __init__(self, path: Path, progress: Progress, doing: str, most_bytes: int) -> None:
        self._path, self._progress, self._doing = path, progress, doing
        self._most_bytes = most_bytes

    def __iter__(self) -> Iterator[bytes]:
        size, read = self._path.stat().st_size, 0
        with unpacked(self._path) as (stream, file):
            while piece := stream.read(CHUNK):
                read += len(piece)
                if read > self._most_bytes:
                    limit = in_bytes(self._most_bytes)
                    raise DataRefused(
                        self._path.name,
                        f"holds more than {limit} when it is unpacked",
                        "Bring in a part of it.",
                    )
                yield piece
                self._progress(self._doing, min(file.tell(), size), size)


class Text:
    """The content of a text file as UTF-8 in pieces of whole lines, checked on the way."""

    def __init__(self, path: Path, pieces: Pieces, encoding: str | None) -> None:
        self.name, self._pieces = path.name, pieces
        self.encoding = _known(encoding or _announced(path) or "utf-8", path.name)

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Each piece after the number of its first line, from 1; lines end with a line feed but
        perhaps the last.

        Raises:
            WrongEncoding: with what it looks like.
            DataRefused: for a line that is too long, and for bytes that are no text.
        """
        line, rest = 1, b""
        for piece in self._decoded():
            whole = rest + piece
            end = whole.rfind(b"\n") + 1
            rest = whole[end:]
            if len(rest) > MOST_LINE:
                self._refuse_length(line + whole.count(b"\n"))
            if end:
                yield line, self._checked(line, whole[:end])
                line += whole.count(b"\n", 0, end)
        if rest:
            yield line, self._checked(line, rest)

    def _checked(self, line: int, piece: bytes) -> bytes:
        zero = piece.find(b"\0")
        if zero >= 0:
            where = line + piece.count(b"\n", 0, zero)
            raise DataRefused(
                self.name,
                f"line {where:,} has a NUL byte, which no text has",
                "Is this a text file? If it is UTF-16, name that encoding.",
            )
        if len(piece) > MOST_LINE:
            start = 0
            while (end := piece.find(b"\n", start)) >= 0:
                if end - start > MOST_LINE:
                    self._refuse_length(line + piece.count(b"\n", 0, start))
                start = end + 1
        return piece

    def _refuse_length(self, line: int) -> None:
        raise DataRefused(
            self.name,
            f"line {line:,} is longer than {MOST_LINE / 1024**2:.0f} MB",
            "Break it into lines of a sentence, a paragraph or a record each.",
        )

    def _decoded(self) -> Iterator[bytes]:
        """The pieces in UTF-8."""
        decoder = codecs.getincrementaldecoder(self.encoding)()
        plain = self.encoding in ("utf-8", "ascii")
        lines = 1
        for piece in self._pieces:
            try:
                text = decoder.decode(piece)
            except UnicodeError as error:
                raise self._wrong(piece, error, lines) from None
            lines += piece.count(b"\n")
            yield piece if plain else _line_feeds(text)
        try:
            decoder.decode(b"", True)
        except UnicodeError as error:
            raise self._wrong(b"", error, lines) from None

    def _wrong(self, piece: bytes, error: UnicodeError, lines: int) -> WrongEncoding:
        at = error.start if isinstance(error, UnicodeDecodeError) else 0
        line = lines + piece.count(b"\n", 0, at)
        sample = piece[max(0, at - 200_000) : at + 200_000]
        return WrongEncoding(self.name, f"line {line:,}", self.encoding, guessed_encoding(sample))


def _announced(path: Path) -> str | None:
    """The encoding that the first bytes of a file tell."""
    with unpacked(path) as (stream, _):
        head = stream.read(4)
    return next((name for mark, name in _BOMS.items() if head.startswith(mark)), None)


def _known(encoding: str, name: str) -> str:
    try:
        found = codecs.lookup(encoding)
        if not found._is_text_encoding:
            raise LookupError
        "".encode(found.name)
    except (LookupError, ValueError):
        raise DataRefused(
            name, f"there is no encoding {encoding!r}", "Use utf-8, cp1252, latin-1, utf-16..."
        ) from None
    return found.name


def _line_feeds(text: str) -> bytes:
    return text.encode()


class Readable(io.RawIOBase):
    """Pieces of bytes as a file that can be read once, from its beginning to its end."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
