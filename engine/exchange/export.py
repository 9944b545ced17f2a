"""Exports: points of any runs and metrics as files that other tools read, and what the runs are."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, get_args

from engine.errors import BadInput, Problem
from engine.exchange.csv_export import write_csv
from engine.exchange.parquet_export import write_parquet
from engine.exchange.selection import Selected
from engine.exchange.tensorboard_export import write_tensorboard
from engine.runs.run import Run

ExportFormat = Literal["parquet", "csv", "tensorboard"]
FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)

_WRITERS: dict[ExportFormat, Callable[[Sequence[Selected], Path], int]] = {
    "parquet": write_parquet,
    "csv": write_csv,
    "tensorboard": write_tensorboard,
}
ABOUT = "runs.json"
"""The file beside the points that says which runs they are of, and how these were made."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    runs: int
    metrics: int
    points: int


def export(
    runs: Sequence[Run], format: ExportFormat, target: Path, patterns: Sequence[str] = ()
) -> Exported:
    """Write the points of runs, all metrics or those that match, into a new folder or `.zip`.

    Raises:
        BadInput: when the target exists, or nothing is left to write.
        DamagedRun: when a run cannot be read.
    """
    if target.exists():
        remedy = "Choose another name, or delete it."
        raise BadInput([Problem("out", "exists already", repr(str(target)), remedy)])
    selected = [Selected(run, matching(run.metrics(), patterns)) for run in runs]
    if not any(one.metrics for one in selected):
        said = ", ".join(patterns) or "any metric"
        raise BadInput([Problem("metrics", "no metric of these runs matches", said)])
    with _part_of(target) as folder:
        points = _WRITERS[format](selected, folder)
        (folder / ABOUT).write_text(about(runs), encoding="utf-8")
        if target.suffix == ".zip":
            _pack(folder, folder.with_suffix(".zip"))
            os.replace(folder.with_suffix(".zip"), target)
        else:
            os.replace(folder, target)
    names = {metric for one in selected for metric in one.metrics}
    return Exported(len(selected), len(names), points)


def matching(metrics: Sequence[str], patterns: Sequence[str]) -> tuple[str, ...]:
    """The metrics that have one of the names or fit one of the patterns; all without any."""
    if not patterns:
        return tuple(metrics)
    return tuple(
        metric
        for metric in metrics
        if any(metric == pattern or fnmatchcase(metric, pattern) for pattern in patterns)
    )


def about(runs: Sequence[Run]) -> str:
    """Each run's id, labels, state and configuration, as JSON."""
    return json.dumps([_about(run) for run in runs], indent=2)


def _about(run: Run) -> Mapping[str, Any]:
    record = run.record.model_dump(mode="json")
    state = run.state().model_dump(mode="json", exclude={"pid", "host"})
    return {
        "run": run.id,
        "name": run.name,
        "labels": run.labels().model_dump(mode="json"),
        "state": state,
        **{key: record[key] for key in ("created_at", "spec", "imported", "origin", "environment")},
    }


@contextmanager
def _part_of(target: Path) -> Iterator[Path]:
    """A folder beside the target, gone afterwards unless it became the target."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".export-", dir=target.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_suffix(".zip").unlink(missing_ok=True)


def _pack(folder: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder).as_posix())
