"""CodeLibrary: the code of imported models, kept as plain files beside the runs, by its hash."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from filelock import FileLock

from engine.errors import EngineError, Problem
from engine.frozen import Frozen
from engine.models.imported.spec import CODE_OFF, ImportedModel
from engine.runs.files import write_new, write_whole

SOURCE = "source.json"
"""The file beside the code that says where it is from; it is no part of the code."""
CODE = "code"
"""The folder within a run that holds a copy of its code."""
_HASH = re.compile(r"[0-9a-f]{64}")
_ODD = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\\ud800-\udfff]')


class CodeRefused(EngineError):
    """Code that is not taken, or not run."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")


class Source(Frozen):
    """Where code is from."""

    kind: str
    """One of "files", "zip", "text", "path", "gist"."""
    place: str
    """The file, folder or address, as it was named."""
    brought_at: float
    """Seconds since 1970 (UTC)."""
    files: dict[str, int]
    """Each file by its path in the code, with its bytes."""


def code_hash(files: Mapping[str, bytes]) -> str:
    """SHA-256 of all names and contents: the same code has the same hash wherever it is from."""
    digest = hashlib.sha256()
    for name in sorted(files):
        for part in (name.encode(), files[name]):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()


def checked_files(folder: Path, code: str) -> dict[str, bytes]:
    """The code in a folder of the library or of a run; what else lies there is left out.

    Raises:
        CodeRefused: when it is gone, or not the code of that hash.
    """
    name = f"Code {code[:12]}"
    try:
        source = Source.parse_json((folder / SOURCE).read_bytes())
        files = {name: (folder / place_of(name)).read_bytes() for name in source.files}
    except (OSError, EngineError) as error:
        raise CodeRefused(name, f"is not in {folder} ({error})") from None
    if code_hash(files) != code:
        reason = f"the files in {folder} were changed. Restore them, or bring the code in anew."
        raise CodeRefused(name, reason)
    return files


def place_of(name: str) -> PurePosixPath:
    """Where in a folder a file belongs whose name comes from elsewhere.

    Raises:
        CodeRefused: when it would lie outside of the folder, or in a place that is not its own.
    """
    place = PurePosixPath(name)
    if not place.parts or place.is_absolute() or ".." in place.parts or _ODD.search(name):
        raise CodeRefused(repr(name[:80]), "this is no name for a file inside of a folder")
    if str(place) != name or len(name) > 240:
        raise CodeRefused(repr(name[:80]), "this is no plain name for a file")
    if name.lower() == SOURCE:
        raise CodeRefused(name, "this name is taken: Traindeck notes there where code is from")
    return place


class CodeLibrary:
    """All code that was brought in, and for which of it somebody consented that it is run."""

    def __init__(self, runs: Path, *, now: Callable[[], float] = time.time) -> None:
        self.runs, self.root = runs, runs / ".models"
        self._codes = self.root / "code"
        self._now = now

    def folder(self, code: str) -> Path:
        """Where the files of that hash are, or would be.

        Raises:
            CodeRefused: for what is no hash: it may come from the address of a page.
        """
        if not _HASH.fullmatch(code):
            raise CodeRefused(repr(code[:40]), "this is no hash of code (64 hexadecimal digits)")
        return self._codes / code

    def add(self, files: Mapping[str, bytes], *, kind: str, place: str) -> str:
        """Keep code; its hash. What is there already stays as it is, unless it was damaged."""
        code = code_hash(files)
        if self._is_whole(code):
            return code
        source = Source(
            kind=kind,
            place=place,
            brought_at=self._now(),
            files={name: len(files[name]) for name in sorted(files)},
        )
        part = self._codes / f".{code}-{secrets.token_hex(4)}.part"
        for folder in (self.root, self._codes, part):
            folder.mkdir(mode=0o700, exist_ok=True)
        try:
            _write_all(part, files)
            write_new(part / SOURCE, source.to_json().encode(), durable=True)
            if self.has(code) and not self._is_whole(code):
                gone = self._codes / f".{code}-{secrets.token_hex(4)}.part"
                os.rename(self.folder(code), gone)
                shutil.rmtree(gone)
            os.rename(part, self.folder(code))
        except OSError:
            shutil.rmtree(part)
            if not self.has(code):  # else somebody was quicker
                raise
        return code

    def _is_whole(self, code: str) -> bool:
        try:
            self.files(code)
        except CodeRefused:
            return False
        return True

    def has(self, code: str) -> bool:
        return (self.folder(code) / SOURCE).exists()

    def codes(self) -> list[str]:
        """All hashes, the newest first."""
        found = (path.parent for path in self._codes.glob("[0-9a-f]*/" + SOURCE))
        there = [folder for folder in found if _HASH.fullmatch(folder.name)]
        return [folder.name for folder in sorted(there, key=_brought_at, reverse=True)]

    def source(self, code: str) -> Source:
        """Where code is from.

        Raises:
            CodeRefused: when there is none of that hash, or the file is damaged.
        """
        try:
            return Source.parse_json((self.folder(code) / SOURCE).read_bytes())
        except (OSError, EngineError) as error:
            raise CodeRefused(f"Code {code[:12]}", f"is not in {self._codes} ({error})") from None

    def files(self, code: str) -> dict[str, bytes]:
        """The files of that hash, checked.

        Raises:
            CodeRefused: when there are none, or they have been changed.
        """
        return checked_files(self.folder(code), code)

    def copy_to(self, code: str, folder: Path) -> None:
        """Copy the files of that hash into a new folder.

        Raises:
            CodeRefused: when there are none, or they have been changed.
        """
        copy_code(self.folder(code), folder, code)

    # -- consent -----------------------------------------------------------------------------------

    def consents(self) -> dict[str, float]:
        """The hashes that somebody consented to, and when."""
        try:
            known = json.loads((self.root / "consents.json").read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError:
            return {}  # damaged: everything is asked again
        return {c: float(at) for c, at in known.items()} if isinstance(known, dict) else {}

    def is_allowed(self, code: str) -> bool:
        """Whether somebody consented that this code is run with their rights."""
        return code in self.consents()

    def allow(self, code: str) -> None:
        """Somebody has seen this code and consents that it is run."""
        with self._consenting() as known:
            known[code] = self._now()

    def forbid(self, code: str) -> None:
        """Take a consent back."""
        with self._consenting() as known:
            known.pop(code, None)

    def refuse_unless_allowed(self, code: str) -> None:
        """Do nothing if code may be run.

        Raises:
            CodeRefused: when the setting keeps imported code from being run, or nobody consented.
        """
        if is_off():
            raise CodeRefused(
                f"Code {code[:12]}",
                f"imported code is not run here: {CODE_OFF} is set to 'off' on this server.",
            )
        if not self.is_allowed(code):
            raise CodeRefused(
                f"Code {code[:12]}",
                "nobody has consented that it is run. It would run with your rights: look at it "
                "on the Models page and consent there, or with `python -m engine models import "
                "... --consent`.",
            )

    @contextmanager
    def _consenting(self) -> Iterator[dict[str, float]]:
        self.root.mkdir(mode=0o700, exist_ok=True)
        with FileLock(self.root / "consents.lock", timeout=10, mode=0o600):
            known = self.consents()
            yield known
            write_whole(self.root / "consents.json", json.dumps(known, indent=1), durable=True)


def copy_code(source: Path, target: Path, code: str) -> None:
    """Copy code from the library or another run into a new folder.

    Raises:
        CodeRefused: when it is gone or was changed.
    """
    files = checked_files(source, code)
    target.mkdir(mode=0o700)
    _write_all(target, {**files, SOURCE: (source / SOURCE).read_bytes()})


def is_off() -> bool:
    """Whether a setting keeps imported code from being run at all."""
    return os.environ.get(CODE_OFF, "").lower() == "off"


def in_the_way(
    model: object, runs: Path, launcher: str = "auto", folder: Path | None = None
) -> Iterator[Problem]:
    """Why a model that was brought in cannot be run from this runs folder; nothing for presets.

    Its code is looked for in `folder`, where a run has its own, else in the library.
    """
    from engine.models.hugging_face import library as hugging_face  # late: it imports this module
    from engine.models.hugging_face.spec import HuggingFaceModel

    if isinstance(model, HuggingFaceModel):
        yield from hugging_face.in_the_way(model, runs, launcher, folder)
    if not isinstance(model, ImportedModel):
        return
    if launcher == "thread":
        remedy = "Choose 'process' or 'auto'."
        message = "imported code is only run in a process of its own, never in the server's"
        yield Problem("launcher", message, "'thread'", remedy)
    library = CodeLibrary(runs)
    try:
        checked_files(folder or library.folder(model.code), model.code)
        library.refuse_unless_allowed(model.code)
    except CodeRefused as refused:
        yield Problem("model.code", str(refused))


def _write_all(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        for parent in reversed(path.relative_to(folder).parents):
            (folder / parent).mkdir(mode=0o700, exist_ok=True)
        write_new(path, content, durable=True)


def _brought_at(folder: Path) -> tuple[float, str]:
    return (folder / SOURCE).stat().st_mtime, folder.name
