"""Zip files from anywhere, unpacked member by member into a folder that is gone afterwards."""

from __future__ import annotations

import errno
import lzma
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from engine.exchange.foreign import Unreadable

MOST_MEMBERS, LARGEST = 20_000, 8 * 1024**3
"""Members, and bytes that they may have in all when they are unpacked."""
_CHUNK = 1024**2
_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError, RuntimeError)
"""What zipfile raises for bytes that are wrong, a name that is no text, a password."""
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.EIO)
_ODD = re.compile(r'[\x00-\x1f<>:"|?*\\]')


@contextmanager
def opened(path: Path) -> Iterator[Path]:
    """The path itself, or for a zip file the folder that it was unpacked into.

    A link is followed where somebody names it, and nowhere else.

    Raises:
        Unreadable: when the archive is damaged, too large, or wants to write elsewhere.
    """
    path = path.resolve()
    if path.suffix.lower() != ".zip" or not path.is_file():
        yield path
        return
    with TemporaryDirectory(prefix="traindeck-import-") as folder:
        root = Path(folder) / (_ODD.sub("_", path.stem) or "archive")
        root.mkdir()
        _unpack(path, root)
        yield root


def _unpack(path: Path, root: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            _refuse_masses(path.name, members)
            left = LARGEST
            for member in members:
                left -= _write(archive, member, root, left)
    except _DAMAGE as error:
        raise Unreadable(path.name, f"the archive cannot be unpacked ({error})") from None
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise  # the disk's fault, and not the archive's
        raise Unreadable(
            path.name, f"the archive cannot be unpacked ({error.strerror or error})"
        ) from None


def _refuse_masses(name: str, members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MOST_MEMBERS:
        raise Unreadable(name, f"the archive has more than {MOST_MEMBERS:,} files")
    if sum(member.file_size for member in members) > LARGEST:
        raise Unreadable(name, f"the archive has more than {LARGEST / 1024**3:.0f} GiB in it")


def _write(archive: zipfile.ZipFile, member: zipfile.ZipInfo, root: Path, most: int) -> int:
    """Unpack one member, and count its bytes: what its header says of them may be wrong."""
    target = root / _inside(member)
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with archive.open(member) as source, target.open("wb") as file:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > most:
                raise Unreadable(member.filename[:60], "the archive is larger than it says")
            file.write(chunk)
    return written


def _inside(member: zipfile.ZipInfo) -> PurePosixPath:
    """Where in the folder a member belongs; links are refused."""
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
        raise Unreadable(repr(member.filename[:60]), "this member of the archive is a link")
    return place_of(member.filename)


def place_of(name: str) -> PurePosixPath:
    """Where in a folder a file belongs whose name comes from elsewhere.

    Raises:
        Unreadable: when it would lie outside of the folder.
    """
    place = PurePosixPath(name)
    if place.is_absolute() or ".." in place.parts or not place.parts or _ODD.search(name):
        raise Unreadable(repr(name[:60]), "this is no name for a file inside of a folder")
    return place
