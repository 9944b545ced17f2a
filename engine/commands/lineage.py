"""`fork`, `extend`, `restore`: runs that go on from others, their own end, or an earlier step."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from engine.commands.console import remark, say, say_json
from engine.commands.documents import checked_facts
from engine.commands.options import DEFAULT_RUNS, AsJson, RunId, RunsFolder, find_run
from engine.commands.reports import facts_of
from engine.commands.train import Name, foreground, resume
from engine.documents.keywords import overlaid
from engine.errors import BadInput, Problem
from engine.run_spec import RunSpec
from engine.runs import lineage, restoration
from engine.runs.fork_checks import untrainable

Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="A change, such as training.optimizer.lr=1e-4; any number of them. The value is JSON, "
        "or text. Task, model and data stay.",
    ),
]


def fork(  # noqa: PLR0913 - one option each
    run_id: RunId,
    step: Annotated[
        int | None,
        typer.Option(help="The checkpoint to begin from; by default the newest."),
    ] = None,
    settings: Settings = None,
    name: Name = None,
    queue: Annotated[
        bool, typer.Option("--queue", help="Leave the training to a server on the runs folder.")
    ] = False,
    runs: RunsFolder = DEFAULT_RUNS,
    as_json: AsJson = False,
) -> None:
    """Train a new run from a checkpoint of another one, with changes. Exit codes as for `train`.

    Without changes it makes the same numbers as the other run did from there on.
    """
    store, parent = find_run(runs, run_id)
    changes = changes_of(parent.spec, settings or [])
    plan = lineage.planned(parent, step, changes, name=name)
    checked_facts(plan.spec, store.root)
    child = plan.made(store)
    if not queue:
        foreground(store, child, as_json)
        return
    store.enqueue(child)
    (remark if as_json else say)(f"Run {child.id} waits in the queue of {store.root}.")
    if as_json:
        say_json(facts_of(child))


def extend(
    run_id: RunId,
    steps: Annotated[int, typer.Option(help="Optimizer updates to make beyond its end.")],
    lr_factor: Annotated[
        float, typer.Option(help="What the learning rate is multiplied by from there on.")
    ] = 1.0,
    runs: RunsFolder = DEFAULT_RUNS,
    as_json: AsJson = False,
) -> None:
    """Let an ended run go on beyond its end, with its schedule anew. Exit codes as for `train`."""
    store, run = find_run(runs, run_id)
    problems = list(untrainable(run.spec))
    if problems:
        raise BadInput(problems)
    lineage.extend(store, run, steps, lr_factor)
    resume(run_id, runs, as_json)


def restore(
    run_id: RunId,
    step: Annotated[int, typer.Option(help="The checkpoint to go back to.")],
    runs: RunsFolder = DEFAULT_RUNS,
    as_json: AsJson = False,
) -> None:
    """Undo what an ended run did after a checkpoint; `resume` then goes on from there.

    Later checkpoints, curves and steering are lost. `fork` keeps them.
    """
    store, run = find_run(runs, run_id)
    restoration.restore(store, run, step)
    if as_json:
        say_json(facts_of(run))
        return
    say(f"Run {run.id} is back at step {step:,}. Go on: python -m engine resume {run.id}")


def changes_of(spec: RunSpec, settings: Sequence[str]) -> dict[str, object]:
    """What the settings make of each part of a spec; another variant replaces its whole group.

    Raises:
        BadInput: for settings without a name or a value.
    """
    wrong = [text for text in settings if not text.partition("=")[0].strip() or "=" not in text]
    if wrong:
        example = "For example: --set training.optimizer.lr=1e-4"
        raise BadInput([Problem("--set", "must be PATH=VALUE", repr(w), example) for w in wrong])
    wanted: dict[str, Any] = {}
    for text in settings:
        path, _, value = text.partition("=")
        first, *rest = path.strip().split(".")
        nested = _read(value)
        for name in reversed(rest):
            nested = {name: nested}
        wanted[first] = overlaid(wanted[first], nested) if first in wanted else nested
    document = spec.model_dump(mode="json")
    return {part: overlaid(document.get(part), value) for part, value in wanted.items()}


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
