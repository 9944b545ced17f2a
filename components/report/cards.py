"""The most important facts of a run, ready to be read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from components import readable
from components.durations import shown_duration
from components.numbers import shown_number
from components.report.contents import Card
from engine.data.sources import facts_of
from engine.errors import EngineError
from engine.models.size import parameter_count
from engine.run_spec import RunSpec
from engine.runs.run import Run
from engine.runs.spec_words import data_words, model_words
from engine.runs.state import RunState

Facts = Iterator[tuple[str, str]]

_TEXT_MOST = 2_000


def card_of(run: Run, color: str = "") -> Card:
    """Name, status, best value, and what was trained where.

    Raises:
        DamagedRun: when run.json or state.json cannot be read.
    """
    state, labels = run.state(), run.labels()
    facts = [*_progress(state), *_what(run), *_where(state), ("Run", run.id)]
    given = [("Project", labels.project), ("Group", labels.group)]
    given += [("Tags", ", ".join(labels.tags)), ("Notes", labels.notes[:_TEXT_MOST])]
    facts += [(label, text) for label, text in given if text]
    return Card(run.name, state.status, color, tuple(facts), state.reason[:_TEXT_MOST])


def moment(time: float | None) -> str:
    """A time in UTC, the same wherever the report is made; empty for what is no time."""
    if time is None:
        return ""
    try:
        return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        return ""


def _progress(state: RunState) -> Facts:
    best = state.best
    if best is not None:
        yield f"Best {best.metric}", f"{shown_number(best.value)} at step {best.step:,}"
    total = "" if state.total_steps is None else f" of {state.total_steps:,}"
    yield "Steps", f"{state.step:,}{total}"
    if state.epoch is not None:
        yield "Epochs", f"{state.epoch:.2f}"
    if state.trained_s:
        yield "Trained", shown_duration(state.trained_s)


def _what(run: Run) -> Facts:
    spec, imported = run.record.spec, run.record.imported
    if imported is not None:
        yield "Imported from", imported.source_name
    if spec is None:
        return
    yield "Task", readable.choice(spec.task.kind)
    yield "Model", model_words(spec.model)
    yield "Data", data_words(spec.data)
    parameters = parameters_of(spec, run.folder.parent)
    if parameters is not None:
        yield "Parameters", f"{parameters:,}"


def _where(state: RunState) -> Facts:
    threads = f", {state.threads} threads" if state.threads and state.device == "cpu" else ""
    if state.device:
        yield "Device", f"{state.device}{threads}"
    for label, time in (("Started", state.started_at), ("Ended", state.ended_at)):
        if shown := moment(time):
            yield label, shown


def parameters_of(spec: RunSpec, runs: Path) -> int | None:
    """Trained numbers; None for what only a program has, or a dataset that is gone."""
    try:
        return parameter_count(spec.model, facts_of(spec.data, spec.model, runs))
    except EngineError:
        return None
