"""`lr-test`: which learning rate suits a run."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from engine.commands.console import number
from engine.commands.documents import checked_facts, read_spec
from engine.commands.options import DEFAULT_RUNS, AsJson, RunsFolder
from engine.commands.reports import facts_of
from engine.commands.train import SpecSource, foreground, run_ending
from engine.errors import BadInput, Problem
from engine.learning_rates.range_test import HIGHEST, LOWEST, STEPS, range_result, range_spec
from engine.runs.run import Run
from engine.runs.store import RunStore


def lr_test(
    source: SpecSource,
    runs: RunsFolder = DEFAULT_RUNS,
    lowest: Annotated[float, typer.Option(help="Learning rate of the first step.")] = LOWEST,
    highest: Annotated[float, typer.Option(help="Learning rate of the last step.")] = HIGHEST,
    steps: Annotated[int, typer.Option(help="Optimizer updates.")] = STEPS,
    as_json: AsJson = False,
) -> None:
    """Raise the learning rate until training diverges, and suggest one for the real run.

    The suggestion is where the smoothed loss falls fastest over the logarithm of the learning
    rate (Smith, 2017). The test is a run of its own; the app shows its loss over the learning
    rate. Exit codes as for `train`.
    """
    if not 0 < lowest < highest:
        problem = Problem(
            "--lowest", "must be above 0 and below --highest", f"{lowest:g} and {highest:g}"
        )
        raise BadInput([problem])
    spec = range_spec(read_spec(source), highest=highest, start=lowest / highest, steps=steps)
    store = RunStore(runs)
    facts = checked_facts(spec, store.root)
    run = store.create(spec, data_fingerprint=facts.fingerprint)
    foreground(store, run, as_json, ending=_ending, facts=_facts)


def _ending(run: Run) -> str:
    return f"{run_ending(run)}\n{suggestion_text(range_result(run).suggestion)}"


def suggestion_text(suggestion: float | None) -> str:
    """The suggestion as a sentence."""
    if suggestion is None:
        return "No suggestion: the loss never fell. Try other learning rates, or more steps."
    return f"Suggested learning rate: {suggestion:.2g}, where the loss fell fastest."


def _facts(run: Run) -> dict[str, Any]:
    return facts_of(run) | {"suggested_lr": number(range_result(run).suggestion)}
