"""`runs ...`: read runs, and leave requests for the workers of running ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import typer

from engine.commands.checkpoints import show_checkpoints
from engine.commands.console import printable, say, say_json
from engine.commands.metrics_export import as_columns, csv_lines
from engine.commands.options import (
    DEFAULT_RUNS,
    AsJson,
    RunId,
    RunsFolder,
    existing_store,
    find_run,
)
from engine.commands.reports import facts_of, metrics_text, origin_text, progress_of, table
from engine.commands.steer import steer
from engine.errors import BadInput, DamagedRun, Problem
from engine.runs.requests import Request
from engine.runs.run import Run
from engine.runs.state import ACTIVE
from engine.runs.store import RunSummary

Format = Annotated[
    Literal["csv", "json"],
    typer.Option(
        "--format",
        help="csv: one row a step, one column a metric, empty where nothing was logged. json: "
        "step, time (seconds since 1970) and value of every point, with NaN and infinities as "
        "the strings 'NaN', 'Infinity' and '-Infinity'.",
    ),
]
Save = Annotated[bool, typer.Option("--save", help="Save a checkpoint first.")]


def list_runs(runs: RunsFolder = DEFAULT_RUNS, as_json: AsJson = False) -> None:
    """All runs, newest first."""
    store = existing_store(runs)
    summaries = [] if store is None else store.list()
    if as_json:
        say_json([_facts(Run(store.root / row.id)) for row in summaries] if store else [])
        return
    for line in _table(summaries):
        say(line)


def show_run(run_id: RunId, runs: RunsFolder = DEFAULT_RUNS, as_json: AsJson = False) -> None:
    """One run: status, newest metrics, newest events."""
    _, run = find_run(runs, run_id)
    if as_json:
        made = run.record.model_dump(mode="json", include={"spec", "imported"})
        say_json(facts_of(run) | made)
        return
    state = run.state()
    say(f"{run.id}  {printable(run.name)}")
    say(f"{state.status} at step {progress_of(state)}  {state.phase or state.reason}".rstrip())
    say("\n".join([*origin_text(run), str(run.folder), *metrics_text(run)]))
    for event in run.events()[0][-10:]:
        say(f"{_moment(event.get('time'))}  {printable(str(event.get('text', '')))}")


def show_spec(run_id: RunId, runs: RunsFolder = DEFAULT_RUNS) -> None:
    """The RunSpec that a run was started from, as JSON; `train -` takes it."""
    _, run = find_run(runs, run_id)
    say(run.spec.to_json())


def show_metrics(run_id: RunId, runs: RunsFolder = DEFAULT_RUNS, format: Format = "csv") -> None:
    """Every recorded point of every metric."""
    _, run = find_run(runs, run_id)
    if format == "json":
        say_json(as_columns(run))
        return
    for lines in csv_lines(run):
        say(lines)


def stop(run_id: RunId, runs: RunsFolder = DEFAULT_RUNS, save: Save = False) -> None:
    """Stop a run between two updates; a waiting one is taken out of the queue."""
    store, run = find_run(runs, run_id)
    if store.unqueue(run):
        say(f"Run {run.id} is taken out of the queue.")
        return
    _ask(run, "stop-and-save" if save else "stop")


def pause(run_id: RunId, runs: RunsFolder = DEFAULT_RUNS) -> None:
    """Hold a run between two updates until `runs continue`."""
    _ask(find_run(runs, run_id)[1], "pause")


def continue_(run_id: RunId, runs: RunsFolder = DEFAULT_RUNS) -> None:
    """Let a paused run go on."""
    _ask(find_run(runs, run_id)[1], "resume")


def _ask(run: Run, request: Request) -> None:
    status = run.state().status
    if status not in ACTIVE:
        remedy = "Only a run that is worked on takes requests; `python -m engine resume` goes on."
        raise BadInput([Problem("RUN_ID", "the run has ended", status, remedy)])
    run.request(request)
    say(f"Asked run {run.id} to {request.replace('-', ' ')}.")


def _facts(run: Run) -> dict[str, Any]:
    try:
        return facts_of(run)
    except DamagedRun as damage:
        return {"run_id": run.id, "status": "damaged", "reason": str(damage)}


def _table(rows: Sequence[RunSummary]) -> list[str]:
    """One line a run; where they come from only when one is a fork."""
    lines = [["RUN", "STATUS", "STEP", "BEST", "CREATED", "FROM", "NAME"], *map(_cells, rows)]
    if not any(line[-2] for line in lines[1:]):
        lines = [[*line[:-2], line[-1]] for line in lines]
    return table(lines[0], lines[1:])


def _cells(row: RunSummary) -> list[str]:
    if row.state is None or row.record is None:
        return [row.id, "damaged", "", "", "", "", printable(row.damage)]
    best, origin = row.state.best, row.record.origin
    shown = "" if best is None else f"{best.metric} {best.value:.4g}"
    moment = _moment(row.record.created_at)
    source = "" if origin is None else f"{origin.run_id}@{origin.step}"
    progress = progress_of(row.state)
    return [row.id, row.state.status, progress, shown, moment, source, printable(row.name)]


def _moment(at: object) -> str:
    if not isinstance(at, int | float):
        return "?"
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M:%S")


commands = typer.Typer(no_args_is_help=True, help="Read runs; stop, pause and continue them.")
commands.command("list")(list_runs)
commands.command("show")(show_run)
commands.command("spec")(show_spec)
commands.command("metrics")(show_metrics)
commands.command("checkpoints")(show_checkpoints)
commands.command("stop")(stop)
commands.command("pause")(pause)
commands.command("continue")(continue_)
commands.command("steer")(steer)
