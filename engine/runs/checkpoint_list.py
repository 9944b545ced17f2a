"""The checkpoints of a run as people look at them: which, why kept, how large; and deleting one."""

from __future__ import annotations

import math
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from engine.errors import BadInput, Problem
from engine.run_spec import RunSpec
from engine.runs.checkpoint_files import MANIFEST, folder_of, folders
from engine.runs.run import Run


@dataclass(frozen=True, slots=True)
class KeptCheckpoint:
    """One checkpoint folder. Unknown is None."""

    step: int
    folder: Path
    size: int
    """In bytes."""
    saved_at: float | None
    """Seconds since 1970."""
    value: float | None
    """Of the monitored metric, where it was measured at this step."""
    rank: int | None
    """1 for the best of the validations that are worth keeping."""
    newest: bool


def checkpoints_of(run: Run) -> list[KeptCheckpoint]:
    """The finished checkpoints, newest first; their bytes are not looked at."""
    measured = _measured(run)
    ranked = _ranked(run.record.spec, measured)
    steps = run.checkpoint_steps()
    found = []
    for step in reversed(steps):
        folder = folder_of(run.folder / "checkpoints", step)
        size, saved_at = _looked_at(folder)
        rank = ranked.index(step) + 1 if step in ranked else None
        newest = step == steps[-1]
        found.append(KeptCheckpoint(step, folder, size, saved_at, measured.get(step), rank, newest))
    return found


def refused_folders(run: Run) -> list[Path]:
    """What lies beside the checkpoints and is none: refused by a resume, or without a manifest."""
    root = run.folder / "checkpoints"
    unfinished = [path for path in folders(root) if not (path / MANIFEST).exists()]
    return [*sorted(root.glob("step-*.refused")), *unfinished]


def delete_checkpoint(run: Run, step: int) -> None:
    """Delete a checkpoint, and tell it in the event log.

    Raises:
        BadInput: when there is none of this step.
        RunIsBusy: while a worker is at the run: it counts on its checkpoints.
    """
    with run.owned(timeout_s=0):
        if step not in run.checkpoint_steps():
            remedy = "Somebody was quicker; look again."
            raise BadInput([Problem("step", "there is no such checkpoint", f"{step:,}", remedy)])
        folder = folder_of(run.folder / "checkpoints", step)
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        os.replace(folder, part)  # from now on it is no checkpoint, even if we die
        shutil.rmtree(part)
        text = f"Deleted the checkpoint of step {step:,}."
        run.add_event("checkpoint-deleted", text, step=run.state().step)


def _measured(run: Run) -> dict[int, float]:
    """Step -> the monitored metric there."""
    spec = run.record.spec
    if spec is None:
        return {}
    series = run.series(spec.training.evaluation.monitor)
    return dict(zip(series.step.tolist(), series.value.tolist(), strict=True))


def _ranked(spec: RunSpec | None, measured: dict[int, float]) -> list[int]:
    """Steps of the best validations, the best first, as many as are kept."""
    if spec is None:
        return []
    sign = 1 if spec.task.modes()[spec.training.evaluation.monitor] == "min" else -1
    finite = [(sign * value, step) for step, value in measured.items() if math.isfinite(value)]
    return [step for _, step in sorted(finite)[: spec.training.checkpointing.keep_best]]


def _looked_at(folder: Path) -> tuple[int, float | None]:
    """Size, and when it was saved; a run that trains on may have deleted it just now."""
    try:
        size = sum(path.lstat().st_size for path in folder.iterdir())
        return size, (folder / MANIFEST).stat().st_mtime
    except FileNotFoundError:
        return 0, None
