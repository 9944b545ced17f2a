"""Told: long work on data as remarks on stderr, now and then."""

from __future__ import annotations

import time

from engine.commands.console import printable, remark

_EVERY_S = 2.0


class Told:
    """Is told how far the work is; what takes less than two seconds is not worth a line."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, doing: str, done: int, total: int | None) -> None:
        if time.monotonic() - self._last >= _EVERY_S:
            self._last = time.monotonic()
            share = f" {100 * done / total:.0f}%" if total else ""
            remark(f"{printable(doing)}{share}")
