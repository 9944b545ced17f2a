"""An ended run put back to one of its checkpoints, as if nothing had come after it. No torch."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from engine.data.sources import facts_of
from engine.errors import BadCheckpoint, BadInput, Problem
from engine.estimate import total_steps
from engine.runs.checkpoint_files import folder_of, verify_anew
from engine.runs.files import write_whole
from engine.runs.fork_checks import damaged, untrainable
from engine.runs.run import Run
from engine.runs.series import MetricFiles
from engine.runs.state import ACTIVE, RunState
from engine.runs.store import RunStore
from engine.steering import FILE, Steering, acts_of


def restore(store: RunStore, run: Run, step: int) -> None:
    """Undo what a run did after a checkpoint: curves, later checkpoints, steering. Then resume it.

    A fork keeps both. A crash in between leaves a run that can be restored again.

    Raises:
        BadInput: with everything that is in the way.
        RunIsBusy: while somebody works on it.
    """
    store.sweep()  # so that one whose worker died does not count as running
    with run.owned(timeout_s=0):
        state = run.state()
        problems = [*untrainable(run.spec), *_in_the_way(run, state, step)]
        if problems:
            raise BadInput(problems)
        later = [known for known in run.checkpoint_steps() if known > step]
        total = _total_steps(run, step)
        run.write_state(_restored(state, step, total), durable=True)
        for known in reversed(later):  # the newest first: what is left is always a whole run
            _remove(folder_of(run.folder / "checkpoints", known))
        _forget_acts(run.folder, step)
        MetricFiles(run.metrics_folder).cut_after(step)
        run.cut_shown_after(step)
        text = f"Put back from step {state.step:,} to the checkpoint of step {step:,}."
        run.add_event("restored", text, step=step)


def _in_the_way(run: Run, state: RunState, step: int) -> Iterator[Problem]:
    known = run.checkpoint_steps()
    if state.status in ACTIVE:
        yield Problem("run", "has not ended yet", state.status, "Stop it first.")
    if step not in known:
        there = ", ".join(f"{other:,}" for other in known) or "none"
        remedy = f"Checkpoints there are: {there}."
        yield Problem("step", "there is no checkpoint of this step", f"{step:,}", remedy)
    elif step == state.step:
        yield Problem("step", "is where the run stands already", f"{step:,}")
    else:
        try:
            verify_anew(folder_of(run.folder / "checkpoints", step))
        except BadCheckpoint as error:
            yield damaged(run, step, error)


def _total_steps(run: Run, step: int) -> int | None:
    """How long the run was to be by what had been asked of it up to the step."""
    samples = facts_of(run.spec.data, run.spec.model, run.folder.parent).train_samples
    planned = total_steps(run.spec.training, samples)
    if planned is None:
        return None
    steering = Steering(run.folder)
    steering.acts = [act for act in steering.acts if act.step <= step]
    return steering.total_steps(planned)


def _restored(state: RunState, step: int, total: int | None) -> RunState:
    best = state.best if state.best is not None and state.best.step <= step else None
    begun = {"status": "stopped", "phase": "", "reason": f"put back to step {step:,}"}
    return state.model_copy(update=begun | {"step": step, "total_steps": total, "best": best})


def _remove(folder: Path) -> None:
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    os.replace(folder, part)  # from now on it is no checkpoint, even if we die
    shutil.rmtree(part)


def _forget_acts(folder: Path, step: int) -> None:
    path = folder / FILE
    if not path.exists():
        return
    kept = [act.model_dump_json() + "\n" for act in acts_of(folder) if act.step <= step]
    write_whole(path, "".join(kept), durable=True)
