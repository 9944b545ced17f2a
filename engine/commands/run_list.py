"""`runs list`: all runs, or those that a query asks for, as a table, JSON or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import typer

from engine.commands.console import number, printable, remark, say, say_json
from engine.commands.options import DEFAULT_RUNS, AsJson, RunsFolder, existing_store
from engine.commands.reports import facts_of, table
from engine.errors import DamagedRun
from engine.runs.entry import Entry
from engine.runs.facts import Fact
from engine.runs.query.errors import QueryError
from engine.runs.query.order import ordered
from engine.runs.query.query import Language
from engine.runs.run import Run
from engine.runs.store import RunStore

Query = Annotated[
    str,
    typer.Option(
        "--query",
        help="Which runs, as on the Runs page: words, or "
        "'val/loss < 1.5 and optimizer.name == \"adamw\"'. Dates are meant in this machine's zone.",
    ),
]
Columns = Annotated[
    str,
    typer.Option(
        "--columns",
        help="Settings and metrics to show, separated by commas: 'name,lr,min(val/loss)'.",
    ),
]
Sort = Annotated[
    str, typer.Option("--sort", help="What to sort by; with a minus before it, highest first.")
]
Format = Annotated[
    Literal["table", "json", "csv"], typer.Option("--format", help="How to print it.")
]

_WIDEST = 48
_CSV = ("id", "name", "status", "step", "total_steps", "best", "best.metric", "created_at")


def list_runs(
    runs: RunsFolder = DEFAULT_RUNS,
    query: Query = "",
    columns: Columns = "",
    sort: Sort = "",
    format: Format = "table",
    as_json: AsJson = False,
) -> None:
    """All runs that are not archived, newest first, or those that are asked for."""
    store = existing_store(runs)
    entries = [] if store is None else _found(store, query, sort)
    wanted = [name for part in columns.split(",") if (name := part.strip())]
    if as_json:
        format = "json"
    if store is None:
        _print([], [], format)
    elif format == "json" and not wanted:
        say_json([_facts(Run(store.root / entry.id)) for entry in entries])
    elif wanted or format == "csv":
        language = Language(store.index, store.index.entries())
        readings = [language.reading(name) for name in wanted or _CSV]
        rows = [[read(entry) for _, read in readings] for entry in entries]
        _print([str(term) for term, _ in readings], rows, format)
    else:
        for line in _table(entries):
            say(line)


def _found(store: RunStore, query: str, sort: str) -> Sequence[Entry]:
    language = Language(store.index, store.index.entries(), zone=None)
    try:
        entries = language.find(query)
        if sort:
            _, read = language.reading(sort.removeprefix("-"))
            entries = ordered(entries, read, descending=sort.startswith("-"))
        wants_archived = language.asks_about("archived", query)
    except QueryError as error:
        remark(printable_lines(error.pointed))
        raise
    listed = [entry for entry in entries if entry.facts.get("archived") is not True]
    if wants_archived:
        return entries
    if len(listed) < len(entries):
        hidden = len(entries) - len(listed)
        remark(f"{hidden} archived not listed; --query 'archived == true' lists them.")
    return listed


def printable_lines(text: str) -> str:
    """Text of a user on its own lines of a terminal."""
    return "\n".join(printable(line) for line in text.split("\n"))


def _facts(run: Run) -> dict[str, Any]:
    try:
        return facts_of(run)
    except DamagedRun as damage:
        return {"run_id": run.id, "status": "damaged", "reason": str(damage)}


def _print(names: Sequence[str], rows: Sequence[Sequence[Fact]], format: str) -> None:
    if format == "json":
        say_json([dict(zip(names, map(_plain, row), strict=True)) for row in rows])
    elif format == "csv":
        say(_csv([names, *([_cell(fact) for fact in row] for row in rows)]))
    else:
        shown = [[_shown(*pair) for pair in zip(names, row, strict=True)] for row in rows]
        for line in table([printable(name) for name in names], shown) if names else ():
            say(line)


def _shown(name: str, fact: Fact) -> str:
    """A cell to read: times as clocks show them, numbers and long texts cut."""
    if name.endswith("_at") and fact is not None:
        return moment(fact)
    text = f"{fact:.6g}" if isinstance(fact, float) else printable(_cell(fact))
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().removesuffix("\n")


def _plain(fact: Fact) -> Any:
    match fact:
        case float():
            return number(fact)
        case tuple():
            return list(fact)
        case _:
            return fact


def _cell(fact: Fact) -> str:
    match fact:
        case None:
            return ""
        case bool():
            return str(fact).lower()
        case float():
            return str(number(fact))
        case tuple():
            return ", ".join(fact)
        case _:
            return str(fact)


def _table(entries: Sequence[Entry]) -> list[str]:
    """One line a run; where they come from only when one is a fork."""
    lines = [["RUN", "STATUS", "STEP", "BEST", "CREATED", "FROM", "NAME"], *map(_cells, entries)]
    if not any(line[-2] for line in lines[1:]):
        lines = [[*line[:-2], line[-1]] for line in lines]
    return table(lines[0], lines[1:])


def _cells(entry: Entry) -> list[str]:
    if entry.damage:
        return [entry.id, "damaged", "", "", "", "", printable(entry.damage)]
    facts = entry.facts
    best, total, parent = facts.get("best"), facts.get("total_steps"), facts.get("origin.run_id")
    shown = f"{facts.get('best.metric')} {best:.4g}" if isinstance(best, float) else ""
    progress = f"{facts.get('step')}/{'?' if total is None else total}"
    source = "" if parent is None else f"{parent}@{facts.get('origin.step')}"
    created = moment(facts.get("created_at"))
    return [entry.id, entry.status, progress, shown, created, source, printable(entry.name)]


def moment(at: object) -> str:
    """A time as this machine's clock showed it."""
    if not isinstance(at, int | float):
        return "?"
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M:%S")
