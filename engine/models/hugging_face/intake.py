"""A model from a folder into the library: checked, copied and named by its content."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from engine.allowed_paths import resolved
from engine.models.hugging_face.files import (
    CONFIG,
    TOKENIZERS,
    ModelRefused,
    chosen,
    index_names,
    needs_code,
    parameters_in,
    read_settings,
)
from engine.models.hugging_face.library import (
    Held,
    HeldFile,
    HuggingFaceLibrary,
    Progress,
    digest,
)
from engine.runs.files import write_new

_MOST_CONFIG = 1_000_000
SPARE_BYTES = 1_000_000_000
"""What must be left on the disk."""
_CHUNK = 1 << 22
_MOST_INDEX = 20_000_000


def quiet(done: int, total: int) -> None:
    """Progress that nobody looks at."""


def from_folder(
    library: HuggingFaceLibrary,
    folder: Path,
    *,
    pickled: bool = False,
    code: bool = False,
    roots: Sequence[Path] | None = None,
    progress: Progress = quiet,
) -> str:
    """Copy the model in a folder into the library; its hash.

    Only files of safetensors, JSON and tokenizers are taken; pickled weights and Python code where
    they are asked for. With `roots` only a folder below one of them is read. What `progress` raises
    ends it, and nothing is left behind.

    Raises:
        ModelRefused: for a path that is none or not allowed here, and for a folder that holds no
            model, or not one that is taken.
    """
    folder = resolved(folder, roots, ModelRefused, what="models are")
    try:
        sizes = {path.name: _size(path, folder) for path in _files_in(folder)}
        indices = {name: _index(folder / name) for name in index_names(sizes)}
        names = chosen(sizes, indices, pickled=pickled, code=code)
        with arriving(library, sum(sizes[name] for name in names)) as part:
            counted = _Counted(progress, sum(sizes[name] for name in names))
            files = {n: _copied(folder / n, part / n, sizes[n], counted) for n in names}
            return library.keep(part, described(part, files, library, name=str(folder)))
    except OSError as error:
        name = error.filename or folder
        raise ModelRefused(str(name), f"cannot be read or kept ({error.strerror})") from None


def is_model(names: Iterable[str], config: bytes) -> bool:
    """Whether files are a model of Hugging Face: their config.json names an architecture, and
    there is no Python code."""
    return b'"model_type"' in config and not any(name.endswith(".py") for name in names)


def is_model_folder(folder: Path) -> bool:
    """Whether the files in a folder are a model of Hugging Face."""
    try:
        folder = folder.expanduser()
        if not (folder / CONFIG).is_file():  # a pipe would keep whoever opens it waiting
            return False
        with (folder / CONFIG).open("rb") as file:
            return is_model([path.name for path in folder.iterdir()], file.read(_MOST_CONFIG))
    except (OSError, RuntimeError, ValueError):  # no such folder or home, a NUL
        return False


def from_uploads(library: HuggingFaceLibrary, files: Mapping[str, bytes]) -> str:
    """Keep uploaded files in the library, without the folder that they are in; their hash.

    Raises:
        ModelRefused: for what is no model, or not one that is taken.
    """
    places = {name: PurePosixPath(name) for name in files}
    home = next((place.parent for place in places.values() if place.name == CONFIG), None)
    flat = {place.name: files[name] for name, place in places.items() if place.parent == home}
    sizes = {name: len(data) for name, data in flat.items()}
    indices = {name: flat[name] for name in index_names(sizes)}
    names = chosen(sizes, indices, pickled=False, code=False)
    shown = home.name if home is not None and home.name else _architecture(flat[CONFIG])
    try:
        with arriving(library, sum(sizes[name] for name in names)) as part:
            for name in names:
                write_new(part / name, flat[name], durable=True)
            kept = {name: noted(part / name) for name in names}
            return library.keep(part, described(part, kept, library, name=shown))
    except OSError as error:
        raise ModelRefused("The upload", f"cannot be kept ({error.strerror})") from None


def _architecture(config: bytes) -> str:
    return str(read_settings(config)["model_type"])


@contextmanager
def arriving(library: HuggingFaceLibrary, total: int) -> Iterator[Path]:
    """A new folder of the library for so many bytes, gone afterwards unless it was kept.

    Raises:
        ModelRefused: when the disk is too small for them.
    """
    part = library.new_folder()
    try:
        refuse_too_large(total, part)
        yield part
    finally:
        if part.exists():
            shutil.rmtree(part)


def refuse_too_large(total: int, part: Path) -> None:
    """Do nothing if the disk has room for so many bytes.

    Raises:
        ModelRefused: when it has not.
    """
    free = shutil.disk_usage(part).free
    if free < total + SPARE_BYTES:
        reason = (
            f"its files have {total / 1e9:,.1f} GB, and the disk of {part.parent} has "
            f"{free / 1e9:,.1f} GB free, of which 1 is left alone. Make room first."
        )
        raise ModelRefused("The model", reason)


def described(
    part: Path,
    files: dict[str, HeldFile],
    library: HuggingFaceLibrary,
    *,
    name: str,
    revision: str = "",
) -> Held:
    """What there is to know of files that were brought in; those of the hub have a revision.

    Raises:
        ModelRefused: for damaged files, and a model that is nothing without code.
    """
    config = read_settings((part / CONFIG).read_bytes())
    code = any(file.endswith(".py") for file in files)
    safe = [file for file in files if file.endswith(".safetensors")]
    others = [file for file in files if file.endswith(".bin")]
    classes = config.get("architectures")
    return Held(
        place="hub" if revision else "folder",
        name=name,
        revision=revision,
        brought_at=library.now(),
        model_type=str(config["model_type"]),
        architectures=tuple(map(str, classes)) if isinstance(classes, list) else (),
        weights="safetensors" if safe else "pickled" if others else "none",
        parameters=sum(parameters_in(part / file) for file in safe) if safe else None,
        tokenizer=any(file in files for file in TOKENIZERS),
        needs_code=needs_code(config),
        code=code,
        files=files,
    )


def noted(path: Path) -> HeldFile:
    """A file that has arrived."""
    return HeldFile(bytes=path.stat().st_size, sha256=digest(path))


def _files_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        what = "is a file, and a folder is needed" if folder.exists() else "there is no such folder"
        raise ModelRefused(str(folder), what)
    return [path for path in sorted(folder.iterdir()) if not path.is_dir()]


def _size(path: Path, folder: Path) -> int:
    """The size of a plain file; links may only lead to files of the same model.

    In the hub's cache a snapshot holds links to the files in `blobs` beside it.
    """
    real = path.resolve()
    homes = [folder]
    if folder.parent.name == "snapshots":
        homes.append(folder.parents[1] / "blobs")
    if path.is_symlink() and real.parent not in homes:
        raise ModelRefused(repr(path.name[:80]), "this is a link that leads out of the folder")
    if not real.is_file():
        raise ModelRefused(repr(path.name[:80]), "this is no plain file, or a link to nothing")
    return real.stat().st_size


def _index(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(_MOST_INDEX + 1)
    if len(data) > _MOST_INDEX:
        raise ModelRefused(path.name, f"it is larger than {_MOST_INDEX // 1_000_000} MB")
    return data


class _Counted:
    """Bytes that were copied, told as they become more."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0
        progress(0, total)

    def more(self, count: int) -> None:
        self._done += count
        self._progress(self._done, self._total)


def _copied(source: Path, target: Path, size: int, counted: _Counted) -> HeldFile:
    """Copy a file and hash what is written, however the source changes meanwhile."""
    seen = hashlib.sha256()
    written = 0
    with source.open("rb") as reading, target.open("xb") as writing:
        while chunk := reading.read(_CHUNK):
            written += len(chunk)
            if written > size:
                raise ModelRefused(source.name, "it grew while it was copied; try again")
            seen.update(chunk)
            writing.write(chunk)
            counted.more(len(chunk))
        writing.flush()
        os.fsync(writing.fileno())
    if written != size:
        raise ModelRefused(source.name, "it shrank while it was copied; try again")
    return HeldFile(bytes=written, sha256=seen.hexdigest())
