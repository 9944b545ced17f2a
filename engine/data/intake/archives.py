"""Folders and zip files of many files, their members one by one."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from engine.data.intake.source import Access, in_bytes
from engine.data.intake.streams import DAMAGE, is_junk
from engine.data.library.errors import DataRefused

MOST_MEMBERS = 2_000_000


@dataclass(frozen=True, slots=True)
class Member:
    """A file within a folder or an archive."""

    name: PurePosixPath
    size: int
    written: str
    """The name as the archive has it."""


class Files:
    """The files of a folder or a zip file, in the order of their names. Nothing is unpacked to the
    disk, and links are not followed.

    Raises:
        DataRefused: for a damaged archive, or one with far too much in it.
    """

    def __init__(self, path: Path, access: Access) -> None:
        self.path = path
        self._access = access
        with self._opened() as archive:
            found = list(self._of_folder() if archive is None else self._of_archive(archive))
        self.members = sorted(found, key=lambda member: str(member.name))
        if sum(member.size for member in self.members) > access.most_bytes:
            limit = in_bytes(access.most_bytes)
            raise DataRefused(path.name, f"has more than {limit} in it", "Bring in a part of it.")

    def contents(self, members: list[Member], most_bytes: int) -> Iterator[tuple[Member, bytes]]:
        """The bytes of some members.

        Raises:
            DataRefused: for a member that is larger than it may be, or damaged.
        """
        with self._opened() as archive:
            for member in members:
                if member.size > most_bytes:
                    limit = in_bytes(most_bytes)
                    raise DataRefused(self._shown(member), f"is larger than {limit}")
                with self._member(archive, member) as file:
                    yield member, file.read(most_bytes)

    def copy(self, member: Member, target: Path) -> None:
        """Write a member to a file of its own."""
        with self._opened() as archive, self._member(archive, member) as file:
            left = self._access.most_bytes
            with target.open("wb") as copied:
                while piece := file.read(1024**2):
                    left -= len(piece)
                    if left < 0:
                        raise DataRefused(self._shown(member), "is larger than its archive says")
                    copied.write(piece)

    def _shown(self, member: Member) -> str:
        return f"{self.path.name}, {str(member.name)[:100]!r}"

    @contextmanager
    def _opened(self) -> Iterator[zipfile.ZipFile | None]:
        if self.path.is_dir():
            yield None
            return
        try:
            with zipfile.ZipFile(self.path) as archive:
                yield archive
        except (*DAMAGE, RuntimeError, NotImplementedError) as error:
            raise DataRefused(self.path.name, f"the archive cannot be read ({error})") from None

    @contextmanager
    def _member(self, archive: zipfile.ZipFile | None, member: Member) -> Iterator[IO[bytes]]:
        if archive is not None:
            with archive.open(member.written) as file:
                yield file
        else:
            with (self.path / member.name).open("rb") as file:
                yield file

    def _of_archive(self, archive: zipfile.ZipFile) -> Iterator[Member]:
        infos = archive.infolist()
        _refuse_masses(self.path.name, len(infos))
        for info in infos:
            if info.is_dir() or is_junk(PurePosixPath(info.filename)):
                continue
            if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
                raise DataRefused(
                    self.path.name, f"its member {info.filename[:60]!r} is a link, not a file"
                )
            yield Member(PurePosixPath(info.filename), info.file_size, info.filename)

    def _of_folder(self) -> Iterator[Member]:
        for count, path in enumerate(self.path.rglob("*")):
            _refuse_masses(self.path.name, count)
            name = PurePosixPath(path.relative_to(self.path).as_posix())
            if path.is_file() and not path.is_symlink() and not is_junk(name):
                yield Member(name, path.stat().st_size, str(name))


def _refuse_masses(name: str, count: int) -> None:
    if count > MOST_MEMBERS:
        raise DataRefused(name, f"has more than {MOST_MEMBERS:,} files in it")
