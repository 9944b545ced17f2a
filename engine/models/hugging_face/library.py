"""HuggingFaceLibrary: models of Hugging Face kept beside the runs, by what is in their files."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from engine.errors import EngineError, Problem
from engine.frozen import Frozen
from engine.models.hugging_face.extras import INSTALL, missing
from engine.models.hugging_face.files import SOURCE, ModelRefused
from engine.models.hugging_face.spec import FromFiles, HuggingFaceModel
from engine.models.imported.library import CodeLibrary, CodeRefused
from engine.runs.files import write_new

Progress = Callable[[int, int], None]
"""(bytes done, bytes in all), called while files are copied; what it raises ends the copying."""


class HeldFile(Frozen):
    """A file of a model."""

    bytes: int
    sha256: str


class Held(Frozen):
    """A model of the library: where it is from, and what is known of it without opening it."""

    place: Literal["folder", "hub"]
    name: str
    """The folder as it was named, or the name on the hub."""
    revision: str = ""
    """The commit on the hub."""
    brought_at: float
    """Seconds since 1970 (UTC)."""
    model_type: str
    architectures: tuple[str, ...] = ()
    """The classes that the files were made by, as config.json has them."""
    weights: Literal["safetensors", "pickled", "none"]
    parameters: int | None = None
    """Numbers in the safetensors; None where there are none."""
    tokenizer: bool = False
    """Whether files of a tokenizer are there."""
    needs_code: bool = False
    """Whether its config.json names Python code of its own."""
    code: bool = False
    """Whether Python code came along."""
    files: dict[str, HeldFile]

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files.values())

    @property
    def shown_name(self) -> str:
        """The last part of a folder's path, or the name on the hub."""
        return Path(self.name).name if self.place == "folder" else self.name


def files_hash(files: dict[str, HeldFile]) -> str:
    """SHA-256 of all names and contents: the same files have the same hash wherever from."""
    listed = [[name, files[name].sha256] for name in sorted(files)]
    return hashlib.sha256(json.dumps(listed).encode()).hexdigest()


class HuggingFaceLibrary:
    """All models of Hugging Face that were brought in."""

    def __init__(self, runs: Path, *, now: Callable[[], float] = time.time) -> None:
        self.runs = runs
        self.root = runs / ".models" / "hugging-face"
        self._now = now

    def folder(self, files: str) -> Path:
        """Where the files of that hash are, or would be."""
        return self.root / files

    def new_folder(self) -> Path:
        """An empty folder for files that are being brought in; whoever made it removes it."""
        part = self.root / f".{secrets.token_hex(8)}.part"
        for folder in (self.root.parent, self.root, part):
            folder.mkdir(mode=0o700, exist_ok=True)
        return part

    def keep(self, part: Path, held: Held) -> str:
        """Make files in a new folder part of the library; their hash. What is there stays, unless
        it was damaged."""
        files = files_hash(held.files)
        if self.has(files) and not self._is_whole(files):
            self.remove(files)
        if not self.has(files):
            write_new(part / SOURCE, held.to_json().encode(), durable=True)
            try:
                os.rename(part, self.folder(files))
            except OSError:
                if not self.has(files):  # else somebody was quicker
                    raise
        return files

    def has(self, files: str) -> bool:
        return (self.folder(files) / SOURCE).exists()

    def _is_whole(self, files: str) -> bool:
        try:
            checked(self.folder(files), files)
        except ModelRefused:
            return False
        return True

    def hashes(self) -> list[str]:
        """All hashes, the newest first."""
        there = [path.parent for path in self.root.glob("[0-9a-f]*/" + SOURCE)]
        there.sort(key=lambda folder: ((folder / SOURCE).stat().st_mtime, folder.name))
        return [folder.name for folder in reversed(there)]

    def held(self, files: str) -> Held:
        """What is known of a model.

        Raises:
            ModelRefused: when there is none of that hash, or its notes are damaged.
        """
        return read_held(self.folder(files), files)

    def find(self, name: str, revision: str) -> str | None:
        """The hash of what was downloaded under this name at this commit; None for nothing."""
        for files in self.hashes():
            try:
                held = self.held(files)
            except ModelRefused:  # damaged: it comes anew
                continue
            if (held.place, held.name, held.revision) == ("hub", name, revision):
                return files
        return None

    def version(self, files: str, *, pickled: bool = False, code: bool = False) -> HuggingFaceModel:
        """The document of a model as it was brought in.

        Raises:
            ModelRefused: when there is none of that hash, or its notes are damaged.
        """
        held = self.held(files)
        origin = FromFiles(
            content=files,
            name=held.shown_name,
            revision=held.revision,
            weights="random" if held.weights == "none" else "stored",
            allow_pickled_weights=pickled and held.weights == "pickled",
            trust_remote_code=code and held.code,
        )
        return HuggingFaceModel(origin=origin)

    def remove(self, files: str) -> None:
        """Delete a model's files; runs that were made with it keep theirs."""
        if self.has(files):
            gone = self.root / f".{files}-{secrets.token_hex(4)}.part"
            os.rename(self.folder(files), gone)
            shutil.rmtree(gone)

    def now(self) -> float:
        return self._now()


def read_held(folder: Path, files: str) -> Held:
    """What is known of the model in a folder of the library or of a run.

    Raises:
        ModelRefused: when it is not there, or its notes are damaged.
    """
    try:
        return Held.parse_json((folder / SOURCE).read_bytes())
    except (OSError, EngineError) as error:
        raise ModelRefused(
            f"Model {files[:12]}",
            f"its files are not in {folder} ({error}). Bring it in again on the Models page or "
            "with `python -m engine models import`.",
        ) from None


def checked(folder: Path, files: str) -> Held:
    """What is known of the model in a folder, all of whose files were read and are unchanged.

    Raises:
        ModelRefused: when a file is gone or was changed.
    """
    held = read_held(folder, files)
    if files_hash(held.files) != files:
        raise _changed(folder, SOURCE)
    for name, file in held.files.items():
        try:
            if digest(folder / name) != file.sha256:
                raise _changed(folder, name)
        except OSError as error:
            raise ModelRefused(name, f"cannot be read ({error.strerror or error})") from None
    return held


def digest(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def take_along(source: Path, target: Path, files: str) -> None:
    """Put the files of a model into a new folder, as further names of the same files where the
    file system can do that; nobody writes to them.

    Raises:
        ModelRefused: when they are not there.
    """
    held = read_held(source, files)
    target.mkdir(mode=0o700)
    for name in (*held.files, SOURCE):
        try:
            os.link(source / name, target / name, follow_symlinks=False)
        except FileNotFoundError:
            raise ModelRefused(name, f"is gone from {source}. Bring the model in again.") from None
        except OSError:
            shutil.copyfile(source / name, target / name, follow_symlinks=False)


def in_the_way(
    model: HuggingFaceModel, runs: Path, launcher: str = "auto", folder: Path | None = None
) -> Iterator[Problem]:
    """Why a model of Hugging Face cannot be run from this runs folder.

    Its files are looked for in `folder`, where a run has its own, else in the library.
    """
    if launcher == "thread":
        message = "models of Hugging Face run in a process of their own, never in the server's"
        yield Problem("launcher", message, "'thread'", "Choose 'process' or 'auto'.")
    names = missing(model)
    if names:
        yield Problem("model.kind", f"needs {names}", repr(model.kind), f"Install with: {INSTALL}")
    if isinstance(model.origin, FromFiles):
        library = HuggingFaceLibrary(runs)
        place = library.folder(model.origin.content) if folder is None else folder
        yield from _files_in_the_way(model.origin, place, runs)


def _files_in_the_way(origin: FromFiles, folder: Path, runs: Path) -> Iterator[Problem]:
    try:
        held = read_held(folder, origin.content)
        refuse_unfit(origin, held)
        if origin.trust_remote_code:
            CodeLibrary(runs).refuse_unless_allowed(origin.content)
    except (ModelRefused, CodeRefused) as refused:
        yield Problem("model.origin.content", str(refused))


def refuse_unfit(origin: FromFiles, held: Held) -> None:
    """Do nothing if the files have what is asked of them.

    Raises:
        ModelRefused: for stored weights where there are none or none that may be read, and for
            code without files of it.
    """
    name = f"Model {held.shown_name}"
    if origin.weights == "stored" and held.weights == "none":
        raise ModelRefused(name, "its files hold no weights; begin with random ones instead")
    pickled = origin.weights == "stored" and held.weights == "pickled"
    if pickled and not origin.allow_pickled_weights:
        raise ModelRefused(
            name,
            "its weights are pickled, and such files can hold code. Allow pickled weights, and "
            "they are read by PyTorch's restricted reader, which refuses code",
        )
    if origin.trust_remote_code and not held.code:
        raise ModelRefused(name, "no Python code came with its files, so none can be trusted")


def _changed(folder: Path, name: str) -> ModelRefused:
    reason = f"the file in {folder} was changed. Restore it, or bring the model in anew."
    return ModelRefused(name, reason)
