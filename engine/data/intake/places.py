"""Paths that people name, held to the folders that they may read."""

from __future__ import annotations

import os
from pathlib import Path

from engine.allowed_paths import resolved
from engine.data.intake.source import Access
from engine.data.library.errors import DataRefused

ROOTS = "TRAINDECK_DATA_ROOTS"
"""The environment variable with the folders, separated as in PATH, that a server which others can
reach may read data from."""


def hosted_access(*, upload_bytes: int = 2 * 1024**3) -> Access:
    """What may be read on behalf of people who reach this server over the network."""
    named = os.environ.get(ROOTS, "")
    roots = tuple(Path(part).expanduser().resolve() for part in named.split(os.pathsep) if part)
    return Access(roots=roots, most_bytes=upload_bytes, network=False)


def within(path: Path, access: Access) -> Path:
    """The path without links in it.

    Raises:
        DataRefused: when it does not exist, or lies outside of the folders that may be read; for
            the latter nothing is said of whether it exists.
    """
    found = resolved(path, access.roots, _refusal, what="data is")
    if not found.exists():
        raise DataRefused(str(path)[:200], "there is no such file or folder")
    return found


def _refusal(name: str, reason: str) -> DataRefused:
    return DataRefused(name, reason, f"On a server that others reach, {ROOTS} names its folders.")
