"""`runs steer`: change a run while it goes."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from engine.commands.console import say
from engine.commands.options import DEFAULT_RUNS, RunId, RunsFolder, find_run
from engine.errors import BadInput, Problem
from engine.runs.state import ACTIVE

Wish = Literal["lr-factor", "more-steps", "patience", "validate", "checkpoint"]


def steer(
    run_id: RunId,
    act: Annotated[
        Wish,
        typer.Argument(
            help="lr-factor: multiply the learning rate. more-steps: train so many steps more. "
            "patience: stop after so many validations without improvement. validate, "
            "checkpoint: do it now."
        ),
    ],
    value: Annotated[
        str | None, typer.Argument(help="A number; 'none' switches the patience off.")
    ] = None,
    runs: RunsFolder = DEFAULT_RUNS,
) -> None:
    """Change a running or paused run. It is written down, and a resume does the same again."""
    _, run = find_run(runs, run_id)
    status = run.state().status
    if status not in ACTIVE:
        remedy = (
            "`python -m engine extend` lets a completed run go on, `fork` tries something else."
        )
        raise BadInput([Problem("RUN_ID", "the run has ended", status, remedy)])
    number = _number(act, value)
    run.steer(act, number)
    shown = "" if number is None else f" {number:g}"
    say(f"Asked run {run.id}: {act}{shown}.")


def _number(act: Wish, text: str | None) -> float | None:
    if text is None or (act == "patience" and text == "none"):
        return None
    try:
        return float(text)
    except ValueError:
        raise BadInput([Problem("VALUE", "must be a number", repr(text))]) from None
