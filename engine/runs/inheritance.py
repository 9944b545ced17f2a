"""What a forked run's folder begins with: the parent's, up to a step."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import numpy as np

from engine.errors import BadCheckpoint
from engine.models.holding import take_from_run
from engine.runs.checkpoint_files import MANIFEST, folder_of, read_manifest
from engine.runs.files import sync_folder, write_new
from engine.runs.run import Run
from engine.runs.series import read_records

_SHOWN = ("samples", "evaluations", "histograms")


def inherit(parent: Run, child: Run, step: int, *, since: int = -1) -> None:
    """Fill a child's folder with what the parent had at a step.

    All checkpoints up to the step and after ``since`` come along, because the best may be among
    them; the first one that the child makes deletes those that it does not keep.

    Raises:
        BadCheckpoint: when that of the step is gone, or not one.
        OSError: when there is no space.
    """
    for known in parent.checkpoint_steps():
        if since < known < step:
            with contextlib.suppress(BadCheckpoint):  # the child does not need it
                _take_checkpoint(parent, child, known)
    _take_checkpoint(parent, child, step)
    _take_metrics(parent, child, step)
    take_from_run(parent.spec.model, parent.folder, child.folder)
    for part in _SHOWN:
        _take_shown(parent.folder / part, child.folder / part, step)


def foreign_until(run: Run) -> int:
    """The step up to which a run's checkpoints hold the memory of another optimizer; -1 for none.

    Of a fork with a fresh optimizer these are the ones that it inherited.
    """
    origin = run.record.origin
    return origin.step if origin is not None and origin.fresh_optimizer else -1


def _take_checkpoint(parent: Run, child: Run, step: int) -> None:
    source, target = (folder_of(run.folder / "checkpoints", step) for run in (parent, child))
    manifest = read_manifest(source)
    part = target.with_suffix(".part")
    part.mkdir(mode=0o700)
    try:
        for name in (*manifest.digests, MANIFEST):
            _take(source / name, part / name)
    except FileNotFoundError:  # the parent trains on and has deleted it just now
        shutil.rmtree(part)
        raise BadCheckpoint(source, "it has been deleted") from None
    sync_folder(part)
    os.replace(part, target)


def _take_metrics(parent: Run, child: Run, step: int) -> None:
    for path in parent.metrics_folder.glob("*.bin"):
        records = read_records(path)
        keep = int(np.searchsorted(records["step"], step, side="right"))
        if keep:
            cut = records[:keep].tobytes()
            write_new(child.metrics_folder / path.name, cut, durable=False)
    for path in parent.metrics_folder.glob("*.name"):
        _take(path, child.metrics_folder / path.name)


def _take_shown(source: Path, target: Path, step: int) -> None:
    paths = [path for path in source.glob("step-*.json") if path.name <= f"step-{step:09d}.json"]
    if paths:
        target.mkdir()
    for path in paths:
        _take(path, target / path.name)


def _take(source: Path, target: Path) -> None:
    """The same file under another name; a copy where the file system has no such links.

    All that is taken is replaced whole or deleted, never written to.
    """
    try:
        os.link(source, target, follow_symlinks=False)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(source, target, follow_symlinks=False)
