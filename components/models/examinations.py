"""Examinations: what is measured or checked on this server right now, for all its sessions."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from engine.errors import EngineError
from engine.launch.beside import Beside

Kind = Literal["health", "structure"]


class Busy(EngineError):
    """Something else is examined."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name!r} is being examined. Two at once would spoil each other's measurements: wait "
            "until it is over, or cancel it there."
        )


@dataclass(frozen=True, eq=False)
class Examination:
    """A process that examines a model."""

    kind: Kind
    model: str
    """Digest of the model."""
    name: str
    process: Beside


class Examinations:
    """At most one process at a time; of each model what was last made is remembered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: dict[tuple[Kind, str], Examination] = {}

    def begin(self, kind: Kind, model: str, name: str, start: Callable[[], Beside]) -> None:
        """Start a process.

        Raises:
            Busy: while another one runs.
        """
        with self._lock:
            for other in self._latest.values():
                if not other.process.poll():
                    raise Busy(other.name)
            self._latest[kind, model] = Examination(kind, model, name, start())

    def of(self, kind: Kind, model: str) -> Examination | None:
        """The last examination of a model, with what it has said until now."""
        with self._lock:
            found = self._latest.get((kind, model))
            if found is not None:
                found.process.poll()
            return found

    def cancel(self, kind: Kind, model: str) -> None:
        """End the examination of a model, if it runs."""
        with self._lock:
            found = self._latest.get((kind, model))
            if found is not None:
                found.process.cancel()


@lru_cache(maxsize=8)
def of_runs(root: Path) -> Examinations:
    """Those of a runs folder."""
    return Examinations()
