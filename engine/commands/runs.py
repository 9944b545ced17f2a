"""`runs ...`: read runs, and leave requests for the workers of running ones."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from engine.commands.checkpoints import show_checkpoints
from engine.commands.compare import compare
from engine.commands.console import printable, say, say_json
from engine.commands.metrics_export import as_columns, csv_lines
from engine.commands.options import (
    DEFAULT_RUNS,
    AsJson,
    RunId,
    RunsFolder,
    find_run,
)
from engine.commands.reports import facts_of, metrics_text, origin_text, progress_of
from engine.commands.run_list import list_runs, moment
from engine.commands.steer import steer
from engine.errors import BadInput, Problem
from engine.runs.requests import Request
from engine.runs.run import Run
from engine.runs.state import ACTIVE

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
        say(f"{moment(event.get('time'))}  {printable(str(event.get('text', '')))}")


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


commands = typer.Typer(no_args_is_help=True, help="Read runs; stop, pause and continue them.")
commands.command("list")(list_runs)
commands.command("show")(show_run)
commands.command("spec")(show_spec)
commands.command("metrics")(show_metrics)
commands.command("checkpoints")(show_checkpoints)
commands.command("compare")(compare)
commands.command("stop")(stop)
commands.command("pause")(pause)
commands.command("continue")(continue_)
commands.command("steer")(steer)
