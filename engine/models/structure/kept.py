"""Where structures are kept: `<runs>/.models/structure/<digest>.json`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from engine.errors import BadInput, EngineError
from engine.models.structure.document import Structure
from engine.runs.files import write_whole

_DIGEST = re.compile(r"[0-9a-f]{64}")


class UnreadableStructure(EngineError):
    """A measured structure that is damaged, or of a later version."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(
            f"The measured structure {file.name} cannot be read ({reason}). Delete it and measure "
            "again."
        )


class _Stamp(NamedTuple):
    """Another stamp is another content."""

    file: Path
    changed_ns: int
    size: int


def folder_in(root: Path) -> Path:
    """The folder of the structures of a runs folder, which need not exist."""
    return root / ".models" / "structure"


def write(root: Path, structure: Structure) -> Path:
    """Keep a structure in place of an earlier one of the same digest."""
    assert _DIGEST.fullmatch(structure.digest), structure.digest
    file = folder_in(root) / f"{structure.digest}.json"
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(file, structure.model_dump_json())
    return file


def read(root: Path, digest: str) -> Structure | None:
    """The structure of this digest; None where there is none.

    Raises:
        UnreadableStructure: for one that is damaged or of a later version.
    """
    assert _DIGEST.fullmatch(digest), digest
    stamp = _stamp(folder_in(root) / f"{digest}.json")
    return None if stamp is None else _read(stamp)


def read_all(root: Path) -> Iterator[Structure | UnreadableStructure]:
    """All structures, the newest first; for a damaged one what is wrong with it."""
    files = (file for file in folder_in(root).glob("*.json") if _DIGEST.fullmatch(file.stem))
    stamps = [stamp for file in files if (stamp := _stamp(file)) is not None]
    for stamp in sorted(stamps, key=lambda stamp: stamp.changed_ns, reverse=True):
        try:
            yield _read(stamp)
        except UnreadableStructure as error:
            yield error


def _stamp(file: Path) -> _Stamp | None:
    try:
        stat = file.stat()
    except FileNotFoundError:
        return None
    return _Stamp(file, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=256)
def _read(stamp: _Stamp) -> Structure:
    try:
        return Structure.parse_json(stamp.file.read_bytes())
    except BadInput as error:
        raise UnreadableStructure(stamp.file, str(error.problems[0])) from None
    except OSError as error:
        raise UnreadableStructure(stamp.file, error.strerror or str(error)) from None


def newest_sizes(root: Path) -> dict[str, int]:
    """The parameters of each version of a model, as they were measured last."""
    found: dict[str, int] = {}
    for structure in read_all(root):
        if isinstance(structure, Structure):
            found.setdefault(structure.version_of_model, structure.whole.parameters)
    return found
