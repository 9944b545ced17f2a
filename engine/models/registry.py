"""Registry: versions of models with the names, tags, notes and stages that people give them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, get_args

from filelock import FileLock
from pydantic import Field, field_validator

from engine.data.specs import DataSpec
from engine.errors import BadInput, EngineError, Problem
from engine.frozen import Frozen, with_changes
from engine.models.specs import ModelSpec
from engine.models.version import version_of
from engine.runs.files import write_whole
from engine.task_spec import TaskSpec

Stage = Literal["candidate", "production", "archived"]
STAGES: tuple[Stage, ...] = get_args(Stage)

_DIGEST = re.compile(r"[0-9a-f]{64}")


class Version(Frozen):
    """One version of a model, as it is kept. Its model never changes; all else may."""

    format: Literal[1] = 1
    model: ModelSpec
    name: str = Field("", max_length=300)
    """Empty: what it is in words is shown."""
    tags: tuple[str, ...] = Field((), max_length=100)
    notes: str = Field("", max_length=20_000)
    """Markdown."""
    stage: Stage = "candidate"
    created_at: float
    """When it was first kept, in seconds since 1970 (UTC), as all times."""
    staged_at: float | None = None
    """When it came to its stage; None while it has never been moved."""
    task: TaskSpec | None = None
    data: DataSpec | None = None
    """On what it is looked at until somebody chooses otherwise; None: what is usual for it."""

    @property
    def digest(self) -> str:
        """What it is known by: see `version_of`."""
        return version_of(self.model)

    @field_validator("name", "notes")
    @classmethod
    def _storable(cls, text: str) -> str:
        if text.encode(errors="ignore").decode() != text:
            raise ValueError("it is not valid Unicode text; leave out the broken characters.")
        return text

    @field_validator("tags")
    @classmethod
    def _plain_tags(cls, tags: tuple[str, ...]) -> tuple[str, ...]:
        for tag in tags:
            if not tag.strip() or len(tag) > 100 or tag.encode(errors="ignore").decode() != tag:
                raise ValueError(f"{tag[:40]!r} is no tag: use one to 100 plain characters.")
        return tuple(dict.fromkeys(tags))


class UnknownVersion(EngineError):
    """A digest that the registry does not have."""

    def __init__(self, digest: str) -> None:
        super().__init__(
            f"No model of version {digest[:12]!r} is kept here. Pick one on the Models page."
        )


class UnreadableVersion(EngineError):
    """A file of the registry that is damaged, or of a later version of this program."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(
            f"The file {file.name} of the model registry cannot be read ({reason}). Mend or "
            f"delete it in {file.parent}; the other models are not affected."
        )


class Registry:
    """The versions that somebody keeps, one small file each, replaced whole.

    Several tabs and processes may change it at once: what one of them changes, the others keep.
    """

    def __init__(self, root: Path, *, now: Callable[[], float] = time.time) -> None:
        self.folder = root / ".models" / "registry"
        self._now = now

    def entries(self) -> Sequence[Version]:
        """All that can be read, the newest first."""
        read = (found for found in self._all() if isinstance(found, Version))
        return sorted(read, key=lambda version: version.created_at, reverse=True)

    def damaged(self) -> Sequence[UnreadableVersion]:
        """What is wrong with the files that cannot be read."""
        return [found for found in self._all() if isinstance(found, UnreadableVersion)]

    def entry(self, digest: str) -> Version | None:
        """One version; None when it is not kept.

        Raises:
            UnreadableVersion: when its file is damaged.
        """
        return _read(self._file(digest)) if _DIGEST.fullmatch(digest) else None

    def add(
        self,
        model: ModelSpec,
        name: str = "",
        *,
        task: TaskSpec | None = None,
        data: DataSpec | None = None,
    ) -> Version:
        """Keep a version. Of one that is kept already, what is given here is replaced.

        `task` and `data` are what it is looked at on until somebody chooses otherwise.

        Raises:
            UnreadableVersion: when its file is damaged; it is left alone.
            BadInput: for a name that cannot be kept.
        """
        given = {"name": name, "task": _document(task), "data": _document(data)}
        with self._locked():
            known = _read(self._file(version_of(model)))
            kept = known or Version(model=model, created_at=self._now())
            changes: dict[str, object] = {key: value for key, value in given.items() if value}
            return self._write(with_changes(kept, changes))

    def label(
        self,
        digest: str,
        *,
        name: str | None = None,
        tags: Sequence[str] | None = None,
        notes: str | None = None,
    ) -> Version:
        """Change what people say about a version; None leaves it as it is.

        Raises:
            UnknownVersion: when it is not kept.
            BadInput: for a name, tag or notes that cannot be kept.
        """
        given = {"name": name, "tags": tags, "notes": notes}
        return self._change(digest, {key: v for key, v in given.items() if v is not None})

    def move(self, digest: str, stage: Stage) -> Version:
        """Move a version to a stage; the others stay where they are.

        Raises:
            UnknownVersion: when it is not kept.
        """
        if stage not in STAGES:
            allowed = f"Allowed: {', '.join(STAGES)}."
            raise BadInput([Problem("STAGE", "there is no such stage", repr(stage), allowed)])
        return self._change(digest, {"stage": stage, "staged_at": self._now()})

    def remove(self, digest: str) -> None:
        """Forget what is kept of a version; its code, reports and runs stay.

        Raises:
            UnknownVersion: for what is no digest.
        """
        if not _DIGEST.fullmatch(digest):
            raise UnknownVersion(digest)
        with self._locked():
            self._file(digest).unlink(missing_ok=True)

    def _change(self, digest: str, changes: dict[str, object]) -> Version:
        with self._locked():
            known = _read(self._file(digest)) if _DIGEST.fullmatch(digest) else None
            if known is None:
                raise UnknownVersion(digest)
            return self._write(with_changes(known, changes))

    def _write(self, version: Version) -> Version:
        write_whole(self._file(version.digest), version.to_json(), durable=True)
        return version

    def _file(self, digest: str) -> Path:
        return self.folder / f"{digest}.json"

    def _all(self) -> Iterator[Version | UnreadableVersion]:
        for file in sorted(self.folder.glob("*.json")):
            try:
                version = _read(file)
            except UnreadableVersion as error:
                yield error
            else:
                if version is not None:  # else somebody has just removed it
                    yield version

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(self.folder / ".lock", timeout=10, mode=0o600):
            yield


def _document(value: Frozen | None) -> object:
    return None if value is None else value.model_dump(mode="json")


def _read(file: Path) -> Version | None:
    try:
        version = Version.parse_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except BadInput as error:
        raise UnreadableVersion(file, str(error.problems[0])) from None
    except OSError as error:
        raise UnreadableVersion(file, error.strerror or str(error)) from None
    if version.digest != file.stem:
        raise UnreadableVersion(file, "it holds another model than its name says")
    return version
