"""What a process that runs imported code may take."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

import psutil


def _most_memory() -> int:
    """Most of what is free: a model that needs more would push out the others."""
    return int(0.8 * psutil.virtual_memory().available)


SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a trial. Nothing is promised about the network or about files that the user can
    read: the code runs with their rights."""

    seconds: float = SECONDS
    """Of one model, from its import to its optimizer step; as much before for Python itself."""
    memory_bytes: int = field(default_factory=_most_memory)
    """Of the process and all that it starts."""
    file_bytes: int = 64_000_000
    """Of any file that it writes."""


def bind_own_process(limits: Limits) -> None:
    """Let the system hold this process to its limits, where it can."""
    if sys.platform == "win32":
        return
    import resource

    seconds = int(limits.seconds * (psutil.cpu_count() or 1)) + 60
    for kind, most in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_DATA, limits.memory_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (allowed, hard))
