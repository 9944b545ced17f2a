"""The options that several commands have, and the runs folder that they name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.commands.console import printable, remark
from engine.errors import BadInput, Problem, UnknownRun
from engine.runs import RUNS_VARIABLE
from engine.runs.run import Run
from engine.runs.store import RunStore

RunsFolder = Annotated[
    Path,
    typer.Option(
        "--runs", envvar=RUNS_VARIABLE, metavar="DIR", help="The runs folder.", show_default=True
    ),
]
RunId = Annotated[str, typer.Argument(metavar="RUN_ID", help="As `runs list` shows it.")]
AsJson = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Print one JSON document on the last line of stdout and everything else on stderr. "
        "Unknown numbers are null; NaN and infinities are the strings 'NaN', 'Infinity' and "
        "'-Infinity'.",
    ),
]
DEFAULT_RUNS = Path("runs")


def existing_store(folder: Path) -> RunStore | None:
    """The runs folder for a command that only reads; none is made where there is none."""
    if not folder.exists():
        remark(f"There is no runs folder {folder} yet; `python -m engine train` makes it.")
        return None
    store = RunStore(folder)
    store.sweep()
    return store


def find_run(folder: Path, run_id: str) -> tuple[RunStore, Run]:
    """The run of that id.

    Raises:
        BadInput: for an unknown id, naming the newest runs that there are.
    """
    store = existing_store(folder)
    if store is None:
        raise BadInput([Problem("RUN_ID", f"no such run in {folder}", repr(run_id))])
    try:
        return store, store.open(run_id)
    except UnknownRun:
        raise BadInput([_unknown(run_id, store)]) from None


def _unknown(run_id: str, store: RunStore, most: int = 10) -> Problem:
    runs = store.index.entries()
    newest = ", ".join(f"{run.id} ({printable(run.name)})" for run in runs[:most])
    more = f" and {len(runs) - most} more" if len(runs) > most else ""
    known = f"There are: {newest}{more}." if runs else "It has no runs yet."
    return Problem("RUN_ID", f"no such run in {store.root}", repr(run_id), known)
