"""`train` and `resume`: run a run to its end in this process."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from engine.commands import console
from engine.commands.documents import checked_facts, read_spec
from engine.commands.options import DEFAULT_RUNS, AsJson, RunId, RunsFolder, find_run
from engine.commands.progress import ProgressLine, duration
from engine.commands.reports import facts_of, metrics_text
from engine.commands.signals import signals_become_requests
from engine.errors import CannotResume
from engine.frozen import with_changes
from engine.launch import worker
from engine.launch.launchers import APART, work_apart
from engine.runs.run import Run
from engine.runs.state import RESUMABLE, LauncherName, RunState
from engine.runs.store import RunStore

SpecSource = Annotated[
    str,
    typer.Argument(
        metavar="SPEC.json|-|EXAMPLE",
        help="A RunSpec in a file, '-' for stdin, or the name of a bundled example.",
        show_default=False,
    ),
]
Name = Annotated[str | None, typer.Option("--name", help="Name to show, in place of the spec's.")]


def train(
    source: SpecSource, runs: RunsFolder = DEFAULT_RUNS, name: Name = None, as_json: AsJson = False
) -> None:
    """Train a new run to its end. Ctrl-C saves a checkpoint and ends; `resume` goes on.

    Exit code: 0 done (or stopped on request), 1 failed, 2 bad input, 130 ended by Ctrl-C.
    """
    spec = read_spec(source)
    if name is not None:
        spec = with_changes(spec, {"name": name})
    store = RunStore(runs)
    facts = checked_facts(spec, store.root)
    run = store.create(spec, data_fingerprint=facts.fingerprint)
    foreground(store, run, as_json)


def resume(run_id: RunId, runs: RunsFolder = DEFAULT_RUNS, as_json: AsJson = False) -> None:
    """Continue an ended run from its newest checkpoint. Exit codes as for `train`."""
    store, run = find_run(runs, run_id)
    run.refuse_imported()
    if run.state().status == "completed":
        raise CannotResume(run.id, "it has made all its steps.")
    store.unqueue(run)
    with run.owned(timeout_s=0):
        run.take_requests()  # left for the attempt that ended
    foreground(store, run, as_json)


def work(run_id: RunId, runs: RunsFolder = DEFAULT_RUNS) -> None:
    """Work on a run as the child process of a launcher."""
    store = RunStore(runs)
    _finish(_train(store, store.open(run_id), "process"))


def run_ending(run: Run) -> str:
    """How a run ended, and the newest value of each metric."""
    state = run.state()
    said = state.reason.lower().startswith(state.status)
    headline = state.reason if said else f"{state.status.capitalize()}: {state.reason}"
    took = f"({duration(state.trained_s)} of training, {state.step} steps)"
    return "\n".join([f"{headline} {took}", *metrics_text(run)])


def foreground(
    store: RunStore,
    run: Run,
    as_json: bool,
    ending: Callable[[Run], str] = run_ending,
    facts: Callable[[Run], dict[str, Any]] = facts_of,
) -> None:
    """Train a run here and now, tell how it ended, and exit with its code."""
    stream = sys.stderr if as_json else sys.stdout
    tell = console.remark if as_json else console.say
    tell(f"Run {run.id} ({console.printable(run.name)}) in {run.folder}")
    try:
        with ProgressLine(run, stream, to_stderr=as_json):
            state = _train(store, run, "foreground")
    except KeyboardInterrupt:
        console.remark("Ended at once, without saving.")
        raise typer.Exit(console.INTERRUPTED) from None
    finally:
        tell(ending(run))
        if run.state().status in RESUMABLE:
            console.remark(f"Go on with: {_resume_command(store, run)}")
        if as_json:
            console.say_json(facts(run))
    _finish(state)


def _train(store: RunStore, run: Run, launcher: LauncherName) -> RunState:
    with signals_become_requests(run):
        if launcher == "foreground" and run.spec.model.kind in APART:
            return work_apart(store, run.id)
        return worker.work(store, run.id, launcher=launcher)


def _resume_command(store: RunStore, run: Run) -> str:
    return shlex.join(["python", "-m", "engine", "resume", run.id, "--runs", str(store.root)])


def _finish(state: RunState) -> None:
    codes = {"failed": console.FAILED, "interrupted": console.INTERRUPTED}
    raise typer.Exit(codes.get(state.status, console.DONE))
