"""Runs of MLflow's local stores: the database and the older folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.exchange.folders import walked
from engine.exchange.foreign import ForeignRun, Unreadable
from engine.exchange.mlflow_database import database_runs, is_database
from engine.exchange.mlflow_folders import folder_runs, meta
from engine.runs.record import ImportSource

_DATABASES = (".db", ".sqlite", ".sqlite3")


class MLflowImporter:
    """Reads `mlflow.db`, `mlruns/`, or a folder with them in it."""

    source: ImportSource = "mlflow"

    def recognises(self, path: Path) -> bool:
        if next(iter(_databases(path)), None) is not None:
            return True
        return path.is_dir() and any("run_id" in meta(file) for file in walked(path, _is_meta))

    def runs(self, path: Path) -> Sequence[ForeignRun]:
        found = [run for file in _databases(path) for run in database_runs(file)]
        found += folder_runs(path) if path.is_dir() else []
        if not found:
            remedy = "Give an mlflow.db, a folder mlruns, or the folder that they are in."
            raise Unreadable(path.name, "there is no run of MLflow in it", remedy)
        return found


def _databases(path: Path) -> Sequence[Path]:
    """The file itself, or the databases that lie directly in the folder."""
    if path.is_dir():
        files = [file for file in sorted(path.iterdir()) if file.suffix in _DATABASES]
    else:
        files = [path]
    return [
        file for file in files if file.is_file() and not file.is_symlink() and is_database(file)
    ]


def _is_meta(name: str) -> bool:
    return name == "meta.yaml"
