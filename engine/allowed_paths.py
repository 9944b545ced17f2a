"""Paths that people name: where they lead, held to the folders that may be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from engine.errors import EngineError

Refusal = Callable[[str, str], EngineError]
"""From what was named and why it is refused to the error that is raised."""
_SHOWN = 200


def resolved(path: Path, roots: Sequence[Path] | None, refusal: Refusal, *, what: str) -> Path:
    """Where a path leads, through whatever links; with `roots` only below one of them.

    Of what lies elsewhere nothing is said, not even whether it exists. `what` begins the reason:
    'code is'.

    Raises:
        EngineError: the refusal of what is no path, or leads elsewhere.
    """
    try:
        found = path.expanduser().resolve()
    except (RuntimeError, ValueError, OSError) as error:  # no such home, a NUL, a ring of links
        raise refusal(repr(str(path)[:_SHOWN]), f"is no path ({error})") from None
    if roots is not None and not any(found.is_relative_to(root) for root in roots):
        allowed = " or ".join(map(str, roots)) or "no folder at all"
        named = str(path)[:_SHOWN]
        raise refusal(named, f"{what} only read from {allowed} on this server")
    return found
