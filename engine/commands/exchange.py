"""`import` and `export`: runs from other tools, and points for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from engine.commands.console import FAILED, printable, remark, say, say_json
from engine.commands.options import DEFAULT_RUNS, AsJson, RunsFolder, find_run
from engine.exchange.archives import opened
from engine.exchange.csv_columns import Columns
from engine.exchange.export import ExportFormat, export
from engine.exchange.importers import importer_for
from engine.exchange.intake import Outcome, bring_in
from engine.runs.record import ImportSource
from engine.runs.store import RunStore

Step = Annotated[str | None, typer.Option("--step", help="Of CSV: the column with the step.")]
Time = Annotated[str | None, typer.Option("--time", help="Of CSV: the column with the time.")]


def import_(  # noqa: PLR0913 - one option each
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE",
            help="A folder of event files, a W&B offline-run-*, an mlflow.db or mlruns, a CSV "
            "file, or a .zip of one of these.",
        ),
    ],
    tool: Annotated[
        ImportSource | None, typer.Option("--from", help="The tool; by default it is recognised.")
    ] = None,
    step: Step = None,
    time: Time = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option("--metric", help="Of CSV: a column that is a metric; any number of them."),
    ] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="Import anew what is there; the older run goes to the trash."),
    ] = False,
    runs: RunsFolder = DEFAULT_RUNS,
    as_json: AsJson = False,
) -> None:
    """Import the runs of TensorBoard, W&B, MLflow or a CSV file; nothing of theirs is changed.

    The same run again changes nothing. Exit code: 0 done, 1 when a run was refused, 2 bad input.
    """
    columns = Columns(step=step, time=time, metrics=tuple(metrics or ()))
    outcomes = []
    with opened(source) as path:
        importer = importer_for(path, tool, columns)
        for outcome in bring_in(RunStore(runs), importer, path, again=again):
            outcomes.append(outcome)
            _tell(outcome, quiet=as_json)
    if as_json:
        say_json([_document(outcome) for outcome in outcomes])
    if any(outcome.kind == "refused" for outcome in outcomes):
        raise typer.Exit(FAILED)


def export_(
    run_ids: Annotated[list[str], typer.Argument(metavar="RUN_ID...", help="One or more runs.")],
    out: Annotated[Path, typer.Option(help="A new folder, or a new file whose name ends in .zip.")],
    format: Annotated[ExportFormat, typer.Option("--format", help="What to write.")] = "parquet",
    metrics: Annotated[
        list[str] | None,
        typer.Option("--metric", help="Only these; patterns such as 'val/*' are understood."),
    ] = None,
    runs: RunsFolder = DEFAULT_RUNS,
) -> None:
    """Write the points of runs for other tools, and how the runs were made beside them."""
    chosen = [find_run(runs, run_id)[1] for run_id in run_ids]
    done = export(chosen, format, out, metrics or ())
    said = f"{_count(done.points, 'point')} of {_count(done.metrics, 'metric')}"
    say(f"Wrote {said} of {_count(done.runs, 'run')} to {out}.")


def _tell(outcome: Outcome, *, quiet: bool) -> None:
    tell = remark if quiet or outcome.kind == "refused" else say
    size = f" ({_count(outcome.points, 'point')} of {_count(outcome.metrics, 'metric')})"
    shown = size if outcome.kind == "imported" else ""
    tell(f"{printable(outcome.title)}: {printable(outcome.text)}{shown}")
    for said in outcome.remarks:
        remark(f"  {printable(said)}")


def _document(outcome: Outcome) -> dict[str, str | int | Sequence[str] | None]:
    return {
        "title": outcome.title,
        "outcome": outcome.kind,
        "run_id": outcome.run_id,
        "metrics": outcome.metrics,
        "points": outcome.points,
        "text": outcome.text,
        "remarks": outcome.remarks,
    }


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
