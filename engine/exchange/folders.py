"""What of a folder is read: its files, at a bounded depth, never through a link."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.exchange.foreign import Unreadable

DEEPEST, MOST_FILES = 12, 200_000


def walked(path: Path, wanted: Callable[[str], bool]) -> Iterator[Path]:
    """The wanted files in a folder and those below it by name, or the file itself; no links.

    Raises:
        Unreadable: when there are too many to look at.
    """
    if path.is_symlink():
        return
    if path.is_file():
        if wanted(path.name):
            yield path
        return
    looked_at = 0
    for folder, inner, names in os.walk(path, followlinks=False):
        depth = len(Path(folder).relative_to(path).parts)
        inner[:] = sorted(inner) if depth < DEEPEST else []
        looked_at += len(names)
        if looked_at > MOST_FILES:
            reason = f"the folder has more than {MOST_FILES:,} files"
            raise Unreadable(path.name, reason, "Import its folders one by one.")
        for name in sorted(names):
            file = Path(folder) / name
            if wanted(name) and file.is_file() and not file.is_symlink():
                yield file
