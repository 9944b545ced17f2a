"""What is in the way of a fork, each in words that say what to do. No torch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from engine.documents.differences import compare
from engine.errors import BadCheckpoint, BadInput, Problem
from engine.frozen import with_changes
from engine.run_spec import RunSpec
from engine.runs.checkpoint_files import folder_of, verify_anew
from engine.runs.run import Run

_FIXED = {
    "task": "the weights have learned this task",
    "model": "the checkpoint has the weights of this model",
    "data": "samples that are held out now may have been trained on before",
}


def untrainable(parent: RunSpec) -> Iterator[Problem]:
    """Why nobody but the program that made the run can train it."""
    if "in-memory" in (parent.model.kind, parent.data.source):
        yield Problem(
            "run",
            "its model and data were handed to the Trainer in memory, so only the program that "
            "made it can train them",
            remedy="Load the weights of its checkpoint into the model there, and train it as a "
            "new run.",
        )


def changed(parent: RunSpec, changes: Mapping[str, object]) -> tuple[RunSpec | None, list[Problem]]:
    """The parent's spec with the changes, where they are allowed, and why the others are not."""
    problems: list[Problem] = []
    allowed: dict[str, object] = {}
    for path, value in changes.items():
        if not _exists(parent.model_dump(), path):
            remedy = "Remove it or correct its name."
            problems.append(Problem(path, "unknown field", repr(value)[:60], remedy))
        elif path.partition(".")[0] in _FIXED:
            problems += _fixed(parent, path, value)
        else:
            allowed[path] = value
    try:
        spec = with_changes(parent, allowed)
    except BadInput as wrong:
        return None, [*problems, *wrong.problems]
    return spec, [*problems, *_judged_otherwise(parent, spec)]


def _exists(document: object, path: str) -> bool:
    for name in path.split("."):
        if not isinstance(document, dict) or name not in document:
            return False
        document = document[name]
    return True


def _fixed(parent: RunSpec, path: str, value: object) -> Iterator[Problem]:
    """One problem for each setting that a change would make otherwise and must not."""
    message = f"cannot change in a fork: {_FIXED[path.partition('.')[0]]}"
    try:
        differences = compare(parent, with_changes(parent, {path: value}))
    except (BadInput, KeyError):
        yield Problem(path, message, repr(value)[:60], "Start a new run for another one.")
        return
    for found in differences:
        remedy = f"Leave it at {found.left!r}, or start a new run."
        yield Problem(found.path, message, repr(found.right), remedy)


def _judged_otherwise(parent: RunSpec, spec: RunSpec) -> Iterator[Problem]:
    """A plateau schedule remembers the best value of the metric that it was judged by."""
    before, after = parent.training, spec.training
    both = before.scheduler.name == after.scheduler.name == "plateau"
    if both and before.evaluation.monitor != after.evaluation.monitor:
        yield Problem(
            "training.evaluation.monitor",
            "cannot change in a fork whose plateau schedule goes on: it compares with the best "
            f"{before.evaluation.monitor} so far",
            repr(after.evaluation.monitor),
            f"Leave it at {before.evaluation.monitor!r}, or choose another schedule.",
        )


def without_checkpoint(run: Run, chosen: int | None, known: Sequence[int]) -> Iterator[Problem]:
    if chosen is None:
        remedy = "Let it make one, or start a new run with its settings."
        yield Problem("step", "the run has no checkpoint yet", remedy=remedy)
    elif chosen not in known:
        there = f"There are: {_listed(known)}." if known else "The run has none yet."
        yield Problem("step", "there is no checkpoint of this step", str(chosen), there)
    else:
        try:
            verify_anew(folder_of(run.folder / "checkpoints", chosen))
        except BadCheckpoint as error:
            yield damaged(run, chosen, error)


def damaged(run: Run, step: int, error: BadCheckpoint) -> Problem:
    others = [known for known in run.checkpoint_steps() if known != step]
    remedy = f"Try another: {_listed(others)}." if others else "The run has no other."
    return Problem("step", str(error), str(step), remedy)


def too_short(spec: RunSpec, step: int, total: int, per_epoch: float | None) -> Iterator[Problem]:
    if total > step:
        return
    length = spec.training.length
    least = step if length.unit == "steps" else math.floor(step / (per_epoch or 1))
    yield Problem(
        "training.length.amount",
        f"the run would end at step {total:,}, and the checkpoint is of step {step:,}",
        f"{length.amount:,} {length.unit}",
        f"Use more than {least:,} {length.unit}, or an earlier checkpoint.",
    )


def _listed(steps: Sequence[int], most: int = 20) -> str:
    earlier = f"{len(steps) - most} earlier, " if len(steps) > most else ""
    return earlier + ", ".join(map(str, steps[-most:]))
