"""What a checkpoint folder consists of, and whether it still is what was saved. No torch."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine.errors import BadCheckpoint
from engine.runs.files import write_whole

FORMAT = 1
WEIGHTS, STATE, AVERAGE = "model.safetensors", "trainer.pt", "average.safetensors"
MANIFEST = "manifest.json"

_NEEDED = frozenset({WEIGHTS, STATE})
_KNOWN = _NEEDED | {AVERAGE}
_MOST_MANIFEST_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a checkpoint says of itself: its step, and the SHA-256 of each of its files."""

    step: int
    digests: dict[str, str]


def folder_of(root: Path, step: int) -> Path:
    """Where the checkpoint of a step is kept."""
    return root / f"step-{step:09d}"


def folders(root: Path) -> list[Path]:
    """Checkpoint folders, oldest step first, whether they are good or not."""
    return sorted(path for path in root.glob("step-*") if not path.suffix)


def verify(folder: Path) -> Manifest:
    """Compare every byte of a checkpoint with its manifest.

    Raises:
        BadCheckpoint: for a missing, truncated, changed or foreign one, and for links: what they
            lead to can be changed later.
    """
    if folder.is_symlink():
        raise BadCheckpoint(folder, "it is a link to another folder")
    manifest = read_manifest(folder)
    for name, expected in manifest.digests.items():
        _refuse_odd(folder, name)
        if _digest(folder / name) != expected:
            raise BadCheckpoint(folder, f"{name} is not what was saved (its SHA-256 differs)")
    return manifest


def verify_anew(folder: Path) -> None:
    """Verify a checkpoint unless it was good before and no file of it was touched since.

    Raises:
        BadCheckpoint: as `verify`.
    """
    _found_good(folder, _stamps(folder))


@lru_cache(maxsize=64)  # errors are not kept
def _found_good(folder: Path, stamps: tuple[tuple[str, int, int, int], ...]) -> None:
    verify(folder)


def _stamps(folder: Path) -> tuple[tuple[str, int, int, int], ...]:
    """Of each file what changes with it; nobody can set the time of the last change (ctime)."""
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    found = ((path.name, path.lstat()) for path in paths)
    return tuple((name, now.st_ctime_ns, now.st_ino, now.st_size) for name, now in found)


def read_manifest(folder: Path) -> Manifest:
    """The manifest alone; the files that it names are not looked at.

    Raises:
        BadCheckpoint: when it is missing, damaged, or of something else.
    """
    _refuse_odd(folder, MANIFEST)
    with (folder / MANIFEST).open("rb") as file:
        content = file.read(_MOST_MANIFEST_BYTES)
    try:
        return _parsed(folder, json.loads(content))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadCheckpoint(folder, f"{MANIFEST} is damaged ({error!r})") from None


def write_manifest(part: Path, step: int, names: Iterable[str]) -> None:
    """Put the named files on the disk, then write their manifest."""
    digests = {}
    for name in names:
        handle = os.open(part / name, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        digests[name] = _digest(part / name)
    manifest = {"format": FORMAT, "step": step, "files": digests}
    write_whole(part / MANIFEST, json.dumps(manifest, indent=2), durable=True)


def _parsed(folder: Path, document: Any) -> Manifest:
    step, digests = document["step"], document["files"]
    if document["format"] != FORMAT or type(step) is not int or not isinstance(digests, dict):
        raise BadCheckpoint(folder, f"{MANIFEST} is of another format")
    if folder_of(folder.parent, step).name != folder.name:
        raise BadCheckpoint(folder, f"it was saved as step {step}")
    foreign = sorted(map(repr, digests.keys() - _KNOWN))
    if foreign:
        raise BadCheckpoint(folder, f"{MANIFEST} names files of no checkpoint: {foreign[0]:.99}")
    for name in sorted(_NEEDED - digests.keys()):
        raise BadCheckpoint(folder, f"{name} is missing")
    return Manifest(step, digests)


def plain_file(path: Path) -> bool:
    """Whether there is a file that is no link, pipe or folder."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _refuse_odd(folder: Path, name: str) -> None:
    """Raise BadCheckpoint for what is missing, or no plain file: a pipe would never end."""
    try:
        mode = (folder / name).lstat().st_mode
    except OSError:
        raise BadCheckpoint(folder, f"{name} is missing") from None
    if not stat.S_ISREG(mode):
        raise BadCheckpoint(folder, f"{name} is not a plain file")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
