"""What long work on data tells while it goes on, and how it is ended."""

from __future__ import annotations

from typing import Protocol

from engine.errors import EngineError


class Progress(Protocol):
    """Is told from time to time how far the work is; it may raise `Cancelled`."""

    def __call__(self, doing: str, done: int, total: int | None) -> None:
        """``doing`` is shown to people; of ``total`` units ``done`` are done; None: not known."""


class Cancelled(EngineError):
    """Somebody ended the work; nothing of it is left behind."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} was cancelled. Nothing was changed.")


def silent(doing: str, done: int, total: int | None) -> None:
    """Progress that nobody looks at."""
