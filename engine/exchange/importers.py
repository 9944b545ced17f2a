"""The tools that runs can be imported from."""

from __future__ import annotations

from pathlib import Path

from engine.exchange.csv_columns import Columns
from engine.exchange.csv_runs import CsvImporter
from engine.exchange.foreign import Importer, Unreadable
from engine.exchange.mlflow_runs import MLflowImporter
from engine.exchange.tensorboard_runs import TensorBoardImporter
from engine.exchange.wandb_runs import WandbImporter
from engine.runs.record import SOURCE_NAMES, ImportSource

IMPORTERS: dict[ImportSource, Importer] = {
    "tensorboard": TensorBoardImporter(),
    "wandb": WandbImporter(),
    "mlflow": MLflowImporter(),
    "csv": CsvImporter(),
}


def importer_for(
    path: Path, source: ImportSource | None = None, columns: Columns | None = None
) -> Importer:
    """The importer of a tool, or the one that recognises a file or folder.

    Raises:
        Unreadable: when there is no such file or folder, or none or several recognise it.
    """
    if path.is_symlink() or not path.exists():
        what = "it is a link" if path.is_symlink() else "there is no such file or folder"
        raise Unreadable(path.name or str(path), what)
    tables = CsvImporter(columns)
    if source == "csv" or (source is None and path.is_file() and tables.recognises(path)):
        return tables
    if source is not None:
        return IMPORTERS[source]
    others = [importer for importer in IMPORTERS.values() if importer.source != "csv"]
    found = [importer for importer in others if importer.recognises(path)]
    if len(found) == 1:
        return found[0]
    if not found and tables.recognises(path):  # tables lie beside the files of most tools
        return tables
    known = ", ".join(SOURCE_NAMES.values())
    if not found:
        raise Unreadable(path.name, f"nothing of {known} was found in it")
    several = " and ".join(SOURCE_NAMES[importer.source] for importer in found)
    raise Unreadable(path.name, f"it has runs of {several}", "Say which with --from.")
