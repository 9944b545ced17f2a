"""Where the report of a dataset is kept: `quality.json` beside its rows; it goes with them."""

from __future__ import annotations

from pathlib import Path

from engine.data.library.dataset import Dataset
from engine.data.quality.report import QualityReport
from engine.errors import BadInput, EngineError
from engine.runs.files import write_whole

_FILE = "quality.json"


class UnreadableQuality(EngineError):
    """A report that is damaged, or of a later version."""

    def __init__(self, dataset: Dataset, reason: str) -> None:
        super().__init__(
            f"The quality report of the dataset {dataset.name!r} cannot be read ({reason}). Check "
            "the dataset again, which replaces it."
        )


def file_of(dataset: Dataset) -> Path:
    """Where its report is, or would be."""
    return dataset.folder / _FILE


def write(dataset: Dataset, report: QualityReport) -> Path:
    """Keep a report in place of an earlier one of the same dataset."""
    file = file_of(dataset)
    write_whole(file, report.to_json())
    return file


def add(dataset: Dataset, report: QualityReport) -> Path:
    """Keep the findings of a report beside those of other checks; those of the same are replaced.

    Raises:
        UnreadableQuality: when the report that is there is damaged.
    """
    before = read(dataset)
    fresh = {finding.check for finding in report.findings}
    others = [f for f in before.findings if f.check not in fresh] if before else []
    base = before or report
    return write(dataset, base.model_copy(update={"findings": (*others, *report.findings)}))


def read(dataset: Dataset) -> QualityReport | None:
    """The newest report of a dataset; None where there is none. Its `data` says of which roles,
    task and split it is.

    Raises:
        UnreadableQuality: for one that is damaged or of a later version.
    """
    try:
        return QualityReport.parse_json(file_of(dataset).read_bytes())
    except FileNotFoundError:
        return None
    except BadInput as error:
        raise UnreadableQuality(dataset, str(error.problems[0])) from None
    except OSError as error:
        raise UnreadableQuality(dataset, error.strerror or str(error)) from None
