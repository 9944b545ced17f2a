"""`runs checkpoints`: what a run can go on from, or be forked from."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from engine.commands.console import number, say, say_json
from engine.commands.options import DEFAULT_RUNS, AsJson, RunId, RunsFolder, find_run
from engine.commands.reports import table
from engine.errors import BadCheckpoint
from engine.runs.checkpoint_files import folders, verify
from engine.runs.run import Run


def show_checkpoints(
    run_id: RunId, runs: RunsFolder = DEFAULT_RUNS, as_json: AsJson = False
) -> None:
    """The checkpoints of a run: size, how good they are, and whether every byte is right."""
    _, run = find_run(runs, run_id)
    found = checkpoints_of(run)
    if as_json:
        say_json(found)
        return
    spec = run.record.spec
    monitor = "VALUE" if spec is None else spec.training.evaluation.monitor
    for line in table(["STEP", "MB", monitor, "BEST", "STATE"], [_cells(row) for row in found]):
        say(line)


def checkpoints_of(run: Run) -> list[dict[str, Any]]:
    """Facts about each checkpoint, oldest first; every byte of them is read."""
    known = folders(run.folder / "checkpoints")
    if not known:
        return []
    measured, best = _measured(run), run.state().best
    ranked = _ranked(run, measured)
    rows = []
    for folder in known:
        text = folder.name.removeprefix("step-")
        step = int(text) if text.isdigit() else None
        rows.append(
            {
                "step": step,
                "bytes": _size(folder),
                "value": number(measured.get(step)) if step is not None else None,
                "rank": ranked.index(step) + 1 if step in ranked else None,
                "best": best is not None and best.step == step,
                "problem": _problem(folder),
                "folder": str(folder),
            }
        )
    return rows


def _cells(row: dict[str, Any]) -> list[str]:
    value, rank = row["value"], row["rank"]
    best = "best" if row["best"] else "" if rank is None else f"{rank}."
    shown = f"{value:.4g}" if isinstance(value, float) else str(value or "")
    step = Path(row["folder"]).name if row["step"] is None else str(row["step"])
    return [step, f"{row['bytes'] / 1e6:.1f}", shown, best, row["problem"] or "good"]


def _measured(run: Run) -> dict[int, float]:
    """Step -> the monitored metric there."""
    series = run.series(run.spec.training.evaluation.monitor)
    return dict(zip(series.step.tolist(), series.value.tolist(), strict=True))


def _ranked(run: Run, measured: dict[int, float]) -> list[int]:
    """Steps of the best validations, the best first, as many as are kept."""
    spec = run.spec
    sign = 1 if spec.task.modes()[spec.training.evaluation.monitor] == "min" else -1
    finite = [(sign * value, step) for step, value in measured.items() if math.isfinite(value)]
    return [step for _, step in sorted(finite)[: spec.training.checkpointing.keep_best]]


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.glob("*"))


def _problem(folder: Path) -> str | None:
    try:
        verify(folder)
    except BadCheckpoint as error:
        return str(error)
    return None
