"""Code from anywhere as a mapping of files: uploads, zip archives, pasted text, paths."""

from __future__ import annotations

import io
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from engine.allowed_paths import resolved
from engine.models.imported.config_file import read_config
from engine.models.imported.library import CodeLibrary, CodeRefused, place_of

MOST_FILES, MOST_BYTES = 500, 20_000_000
"""Files of one model, and bytes in all of them."""
MOST_RATIO = 200
"""A member that unpacks to so many times its size in the archive is a bomb."""
CODE_ROOTS = "TRAINDECK_CODE_ROOTS"
"""The environment variable with the folders below which paths may be named on a server that others
reach; several with a colon between (a semicolon on Windows)."""
_CHUNK = 1 << 16
_NO_CODE = (
    "there is no Python file (.py) in it, and no config.json that names a model_type, as models of "
    "Hugging Face have. Add the file that the model is written in, such as model.py"
)
_NOT_CODE = ("__pycache__", "__MACOSX", ".DS_Store", "Thumbs.db")


@dataclass(frozen=True)
class Collected:
    """Code that was read and not yet kept."""

    files: Mapping[str, bytes]
    kind: str
    place: str

    def kept_in(self, library: CodeLibrary) -> str:
        """Keep it; its hash."""
        return library.add(self.files, kind=self.kind, place=self.place)


def from_files(files: Mapping[str, bytes], *, kind: str = "files", place: str = "") -> Collected:
    """Uploaded files by their names.

    Raises:
        CodeRefused: for names that lead elsewhere, too many or too large files, none of Python,
            and a config.json that is damaged.
    """
    kept = {name: data for name, data in files.items() if _counts(name)}
    _refuse_masses(len(kept), sum(map(len, kept.values())))
    _refuse_doubles(list(kept))
    kept = _without_wrapper({place_of(name).as_posix(): data for name, data in kept.items()})
    for name in kept:
        folders = {str(parent) for parent in place_of(name).parents}
        if folders & set(kept):
            raise CodeRefused(repr(name[:80]), "the folder that it is in is a file too")
    if not any(name.endswith(".py") for name in kept):
        raise CodeRefused(place or "The upload", _NO_CODE)
    if "config.json" in kept:
        read_config(kept["config.json"])
    return Collected(kept, kind, place or ", ".join(sorted(kept)[:3]))


def from_text(text: str, config: str = "") -> Collected:
    """Pasted code, and perhaps a pasted config.json.

    Raises:
        CodeRefused: when there is none, or the configuration is damaged.
    """
    if not text.strip():
        raise CodeRefused("The text", "there is no code in it")
    try:
        files = {"model.py": text.encode()}
    except UnicodeEncodeError:
        raise CodeRefused("The text", "it is not valid Unicode text") from None
    if config.strip():
        files["config.json"] = config.encode(errors="replace")
    return from_files(files, kind="text", place="pasted text")


def from_zip(data: bytes, name: str = "archive.zip") -> Collected:
    """The files of a zip archive, read one by one within bounds; nothing is written.

    Raises:
        CodeRefused: for damage, absolute paths, `..`, links, doubles, masses and bombs.
    """
    if len(data) > MOST_BYTES:
        raise CodeRefused(name, f"it is larger than {MOST_BYTES // 1_000_000} MB")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return from_files(_members(archive, name), kind="zip", place=name)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise CodeRefused(name, f"the archive cannot be unpacked ({error})") from None


def allowed_roots() -> tuple[Path, ...] | None:
    """The folders below which paths may lie, as a setting says; None where it says nothing."""
    wanted = os.environ.get(CODE_ROOTS, "")
    roots = tuple(Path(part).resolve() for part in wanted.split(os.pathsep) if part)
    return roots or None


def from_path(path: Path, roots: Sequence[Path] | None = None) -> Collected:
    """A Python file with a config.json beside it, a folder, or a zip archive.

    With `roots` only what lies below one of them, wherever links lead.

    Raises:
        CodeRefused: when there is nothing, or what is there is refused.
    """
    path = resolved(path, roots, CodeRefused, what="code is")
    try:
        if path.suffix.lower() == ".zip" and path.is_file():
            return from_zip(_read(path), path.name)
        if path.is_dir():
            return from_files(_folder(path), kind="path", place=str(path))
        if path.suffix != ".py" or not path.is_file():
            reason = "there is no Python file, folder or zip archive of this name"
            raise CodeRefused(str(path), reason)
        files, config = {path.name: _read(path)}, path.with_name("config.json")
        if config.is_file():
            files["config.json"] = _read(resolved(config, roots, CodeRefused, what="code is"))
        return from_files(files, kind="path", place=str(path))
    except OSError as error:
        raise CodeRefused(str(path), f"cannot be read ({error.strerror or error})") from None


def _members(archive: zipfile.ZipFile, name: str) -> dict[str, bytes]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    _refuse_masses(len(members), sum(member.file_size for member in members))
    _refuse_doubles([member.filename for member in members])
    files: dict[str, bytes] = {}
    left = MOST_BYTES
    for member in members:
        place_of(member.filename)
        if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
            raise CodeRefused(repr(member.filename[:80]), "this member of the archive is a link")
        if member.file_size > MOST_RATIO * max(member.compress_size, 1) + _CHUNK:
            raise CodeRefused(
                repr(member.filename[:80]),
                f"it would unpack to more than {MOST_RATIO} times its size, as bombs do",
            )
        files[member.filename] = _unpacked(archive, member, left, name)
        left -= len(files[member.filename])
    return files


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int, name: str) -> bytes:
    """The bytes of a member, counted: what its header says of them may be wrong."""
    data = bytearray()
    with archive.open(member) as file:
        while chunk := file.read(_CHUNK):
            data += chunk
            if len(data) > most:
                raise CodeRefused(name, "the archive is larger than it says")
    return bytes(data)


def _folder(root: Path) -> dict[str, bytes]:
    """The files of a folder; links are refused, since they lead anywhere."""
    files: dict[str, bytes] = {}
    size = 0
    for path in _walk(root):
        size += path.stat().st_size
        _refuse_masses(len(files) + 1, size)
        files[path.relative_to(root).as_posix()] = _read(path)
    return files


def _walk(root: Path) -> Iterator[Path]:
    for folder, inner, names in os.walk(root):
        inner[:] = sorted(name for name in inner if _counts(name))
        for name in sorted([*names, *(i for i in inner if (Path(folder) / i).is_symlink())]):
            path = Path(folder) / name
            if not _counts(name):
                continue
            if path.is_symlink() or not path.is_file():
                reason = "this is a link or no plain file"
                raise CodeRefused(str(path.relative_to(root)), reason)
            yield path


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    _refuse_masses(1, len(data))
    return data


def _counts(name: str) -> bool:
    """Whether a file is part of the code: not what tools and systems leave behind."""
    parts = PurePosixPath(name).parts
    hidden = any(part.startswith(".") and part != ".." for part in parts)
    return not (hidden or name.endswith(".pyc") or any(part in _NOT_CODE for part in parts))


def _refuse_masses(count: int, size: int) -> None:
    if count > MOST_FILES:
        raise CodeRefused("The code", f"it has more than {MOST_FILES} files; leave out the data")
    if size > MOST_BYTES:
        reason = (
            f"its files have more than {MOST_BYTES // 1_000_000} MB; leave out weights and data"
        )
        raise CodeRefused("The code", reason)


def _refuse_doubles(names: list[str]) -> None:
    """Two names that some file systems hold for one would hide one file behind the other."""
    seen: set[str] = set()
    for name in names:
        if name.casefold() in seen:
            raise CodeRefused(repr(name[:80]), "there are two files of this name")
        seen.add(name.casefold())


def _without_wrapper(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Without the one folder that everything is in, as archives of repositories have it."""
    tops = {PurePosixPath(name).parts[0] for name in files}
    if len(tops) != 1:
        return dict(files)
    (top,) = tops
    if top in files or f"{top}/__init__.py" in files:
        return dict(files)
    return {name.removeprefix(f"{top}/"): data for name, data in files.items()}
