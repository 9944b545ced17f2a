"""What a report can be made of: results of a training, runs, paths of run folders."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, runtime_checkable

from engine.errors import EngineError
from engine.runs.run import Run


@runtime_checkable
class HasFolder(Protocol):
    """`TrainingResults` and `Run`: told apart from paths without an import of torch."""

    @property
    def folder(self) -> Path: ...


Source = HasFolder | Path | str


class NoRunThere(EngineError):
    """A path that is no run folder."""

    def __init__(self, folder: Path) -> None:
        what = "there is no run.json in it" if folder.is_dir() else "there is no such folder"
        super().__init__(
            f"{folder} is no run folder: {what}. "
            "Give the folder of one run, such as runs/20261123-140509-a3f9c1."
        )


class NothingToPlot(EngineError):
    """A report of no runs at all."""

    def __init__(self) -> None:
        super().__init__("There are no runs to plot. Give at least one.")


def runs_of(results: Source | Iterable[Source]) -> tuple[Run, ...]:
    """The runs that a user means, each once, in the order they were given.

    Raises:
        NoRunThere: for a path that is no run folder.
        NothingToPlot: for an empty list.
    """
    alone = isinstance(results, HasFolder | Path | str)
    sources: Iterable[Source] = [results] if alone else results  # type: ignore[list-item, assignment]
    runs = {run.folder: run for run in map(_run_of, sources)}
    if not runs:
        raise NothingToPlot()
    return tuple(runs.values())


def _run_of(source: Source) -> Run:
    if isinstance(source, Run):
        return source
    if not isinstance(source, HasFolder | Path | str):
        raise TypeError(
            f"a report is made of TrainingResults, a Run or the path of a run folder, not of "
            f"{type(source).__name__}."
        )
    folder = Path(source) if isinstance(source, Path | str) else source.folder
    folder = folder.expanduser().resolve()
    if not (folder / "run.json").is_file():
        raise NoRunThere(folder)
    return Run(folder)
