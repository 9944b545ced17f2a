"""MLflow's older store, `mlruns/`: a folder a run, in one an experiment; a file a metric."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from engine.exchange.folders import walked
from engine.exchange.foreign import ForeignRun, Part, Points, Unreadable, known_time, plain_name
from engine.exchange.mlflow_facts import NUMBERED, facts_of

_META = "meta.yaml"
_LARGEST_TEXT = 1_000_000


def folder_runs(path: Path) -> Sequence[ForeignRun]:
    """The runs below a folder that were not deleted."""
    found = []
    for file in walked(path, lambda name: name == _META):
        about = meta(file)
        if "run_id" in about and about.get("lifecycle_stage", "active") == "active":
            title = about.get("run_name") or about["run_id"]
            found.append(ForeignRun(title, path.name, partial(_read, file.parent, about)))
    return found


def meta(file: Path) -> dict[str, str]:
    """The lines `name: value` of a meta.yaml, which has no others; `null` is left out."""
    found = {}
    for line in _text(file).splitlines():
        name, colon, value = line.partition(": ")
        if colon and not name.startswith((" ", "-", "#")) and value.strip() not in ("null", "''"):
            found[name] = _unquoted(value.strip())
    return found


def _unquoted(value: str) -> str:
    if value[:1] == "'" == value[-1:]:
        return value[1:-1].replace("''", "'")
    if value[:1] == '"' == value[-1:]:
        try:
            return str(json.loads(value))  # YAML writes such texts as JSON does, nearly always
        except ValueError:
            return value[1:-1]
    return value


def _read(folder: Path, about: dict[str, str]) -> Iterator[Part]:
    experiment = folder.parent / _META
    known = {
        "tags": _texts(folder / "tags"),
        "name": about.get("run_name"),
        "status": NUMBERED.get(about.get("status", ""), about.get("status")),
        "start_time": about.get("start_time"),
        "end_time": about.get("end_time"),
        "experiment": meta(experiment).get("name") if experiment.is_file() else None,
    }
    yield facts_of(about["run_id"], known, _texts(folder / "params"))
    points = Points()
    root = folder / "metrics"
    for file in walked(root, lambda _: True) if root.is_dir() else ():
        name = plain_name(file.relative_to(root).as_posix())
        with file.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, 1):
                step, moment, value = _point(line, file, number)
                if points.add(name, step, moment, value):
                    yield from points.blocks()
    yield from points.blocks()


def _point(line: str, file: Path, number: int) -> tuple[int, float, float]:
    """Time, value and step of a line; the oldest files have no step."""
    parts = line[:200].split()
    try:
        step = int(parts[2]) if len(parts) > 2 else 0
        return step, known_time(float(parts[0]) / 1000), float(parts[1])
    except (ValueError, IndexError):
        reason = f"line {number:,} is not 'time value step' (got {line[:60]!r})"
        raise Unreadable(file.name, reason) from None


def _texts(folder: Path) -> dict[str, str]:
    """What each file below a folder holds, by its path."""
    if not folder.is_dir():
        return {}
    files = walked(folder, lambda _: True)
    return {file.relative_to(folder).as_posix(): _text(file) for file in files}


def _text(file: Path) -> str:
    with file.open(encoding="utf-8", errors="replace") as opened:
        return opened.read(_LARGEST_TEXT)
