"""Requests to a running run: small files that the loop finds between two updates."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal, get_args

from engine.steering import wish

Plain = Literal["stop", "stop-and-save", "interrupt", "pause", "resume", "checkpoint", "validate"]
Request = str
"""One of `Plain`, or an act of steering with its value, as `lr-factor=0.5`."""


def leave(folder: Path, request: Request) -> None:
    """Leave a request; requests are obeyed in the order in which they were left.

    The file is empty, its name says all: even a full disk takes it.
    """
    folder.mkdir(exist_ok=True)
    (folder / f"{time.time_ns():020d}-{request}").touch()


def take(folder: Path) -> list[Request]:
    """Take all requests away, oldest first; foreign files are left alone."""
    taken = []
    for path, request in _files(folder):
        path.unlink(missing_ok=True)
        taken.append(request)
    return taken


def waiting(folder: Path) -> list[Request]:
    """The requests that nobody has taken yet, oldest first."""
    return [request for _, request in _files(folder)]


def _files(folder: Path) -> list[tuple[Path, Request]]:
    try:
        paths = sorted(folder.iterdir())
    except FileNotFoundError:
        return []
    named = [(path, path.name.partition("-")[2]) for path in paths if path.is_file()]
    return [(path, name) for path, name in named if name in get_args(Plain) or wish(name)]
