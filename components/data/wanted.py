"""What somebody names to bring data in, and the work that reads it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from components.data import page_state
from engine.data.intake.recognising import PathSource, source_of
from engine.data.intake.source import Access, Options
from engine.data.library.dataset import Dataset
from engine.data.library.library import DataLibrary
from engine.data.progress import Progress
from engine.data.works import Work
from engine.runs.store import RunStore

_UNSAFE = re.compile(r"[^\w.\- ]+")
_LONGEST = 120


@dataclass(frozen=True)
class Wanted:
    """Something that can be brought in."""

    title: str
    """What messages call it."""
    read: Callable[[DataLibrary, Options, str, Progress], Dataset]


def named(place: str, access: Access, query: str = "") -> Wanted:
    """A path, an address with a query, a name of the hub, of the catalogue or of a generator."""

    def read(library: DataLibrary, options: Options, name: str, progress: Progress) -> Dataset:
        return library.take_in(source_of(place, access, query=query), options, progress, name=name)

    return Wanted("the query" if query else place, read)


def uploaded(name: str, content: bytes, access: Access) -> Wanted:
    """A file from the browser. It lies beside the datasets while it is read."""

    def read(library: DataLibrary, options: Options, title: str, progress: Progress) -> Dataset:
        with library.making() as part:
            path = part / safe_name(name)
            path.write_bytes(content)
            source = PathSource(path, name, Access(most_bytes=access.most_bytes))
            return library.take_in(source, options, progress, name=title)

    return Wanted(name, read)


def safe_name(name: str) -> str:
    """A name for our copy of a file: messages show it, and the file's ending decides."""
    found = _UNSAFE.sub("_", Path(name.replace("\\", "/")).name).lstrip(". ")
    return found[-_LONGEST:] or "file"


def begin(store: RunStore, wanted: Wanted, options: Options, name: str) -> Work:
    """Read it in the background; what comes of it is a dataset."""

    def do(progress: Progress) -> Dataset:
        return wanted.read(DataLibrary(store.root), options, name, progress)

    work = page_state.works(store).begin(f"Bringing in {wanted.title[:100]}", do)
    page_state.remember_work(work)
    return work
