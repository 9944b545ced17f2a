"""Prepared data beside the datasets: made once for each key, whole or not there."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from engine.data.library.errors import room_for


def folder_of(root: Path, key: str) -> Path:
    """Where what was prepared under a key is, or would be."""
    return root / hashlib.sha256(key.encode()).hexdigest()[:40]


def kept(root: Path, key: str, make: Callable[[Path], None], what: str) -> Path:
    """The folder of a key; ``make`` fills a new one if there is none.

    Another process that wants the same waits. Whatever ``make`` raises leaves nothing behind.

    Raises:
        NoRoom: when the disk is full; ``what`` says what was being done.
    """
    folder = folder_of(root, key)
    if folder.exists():
        return folder
    with room_for(what):
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(root / f"{folder.name}.lock", mode=0o600):
            if not folder.exists():
                _made(folder, make)
    return folder


def _made(folder: Path, make: Callable[[Path], None]) -> None:
    part = folder.with_name(f".part-{secrets.token_hex(6)}")
    part.mkdir(mode=0o700)
    try:
        make(part)
        os.rename(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
