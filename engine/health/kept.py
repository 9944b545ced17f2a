"""Where reports of health checks are kept: `<runs>/.models/health/<digest>.json`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

from engine.data.specs import DataFacts
from engine.errors import BadInput, EngineError
from engine.health.report import HealthReport
from engine.models.specs import ModelSpec
from engine.models.version import version_of
from engine.runs.files import write_whole
from engine.task_spec import TaskSpec

MOST_EARLIER = 10
"""Reports of the same digest that are kept beside the newest."""
_DIGEST = re.compile(r"[0-9a-f]{64}")


class UnreadableReport(EngineError):
    """A report that is damaged, or of a later version."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(
            f"The health report {file.name} cannot be read ({reason}). Delete it and make the "
            "health check again."
        )


def digest_of(task: TaskSpec, model: ModelSpec, facts: DataFacts) -> str:
    """SHA-256 of what a report is about: task, version of the model and data facts.

    What is the default is left out, so that a field that is new makes no report another one's.
    """
    known = [value.model_dump(mode="json", exclude_defaults=True) for value in (task, facts)]
    about = [task.kind, version_of(model), *known]
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def folder_in(root: Path) -> Path:
    """The folder of the reports of a runs folder, which need not exist."""
    return root / ".models" / "health"


def file_of(root: Path, digest: str) -> Path:
    """Where the report of this digest is or would be."""
    assert _DIGEST.fullmatch(digest), digest
    return folder_in(root) / f"{digest}.json"


def write(root: Path, report: HealthReport) -> Path:
    """Keep a report in place of an earlier one of the same digest, of which a copy is put aside."""
    file = file_of(root, report.digest)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _put_aside(root, file)
    write_whole(file, report.model_dump_json())  # not indented: figures have many numbers
    return file


def read(root: Path, digest: str) -> HealthReport | None:
    """The report of this digest; None where there is none.

    Raises:
        UnreadableReport: for one that is damaged or of a later version.
    """
    return _found(file_of(root, digest))


def earlier(root: Path, digest: str) -> list[Path]:
    """The files of the reports of this digest that were put aside, the newest first."""
    return sorted(_aside(root, digest).glob("*.json"), reverse=True)


def read_all(root: Path) -> Iterator[HealthReport | UnreadableReport]:
    """All reports, the newest first; for a damaged one what is wrong with it."""
    files = [file for file in folder_in(root).glob("*.json") if _DIGEST.fullmatch(file.stem)]
    for file in sorted(files, key=lambda file: file.stat().st_mtime, reverse=True):
        try:
            report = _found(file)
        except UnreadableReport as error:
            yield error
        else:
            if report is not None:
                yield report


def read_file(file: Path) -> HealthReport:
    """The report in a file.

    Raises:
        UnreadableReport: for one that is damaged, gone or of a later version.
    """
    try:
        return HealthReport.parse_json(file.read_bytes())
    except BadInput as error:
        raise UnreadableReport(file, str(error.problems[0])) from None
    except OSError as error:
        raise UnreadableReport(file, error.strerror or str(error)) from None


def _found(file: Path) -> HealthReport | None:
    return read_file(file) if file.exists() else None


def _aside(root: Path, digest: str) -> Path:
    """The folder of the earlier reports of a digest."""
    assert _DIGEST.fullmatch(digest), digest
    return folder_in(root) / "earlier" / digest


def _put_aside(root: Path, file: Path) -> None:
    """Copy a report out of the way of the next; of very many the oldest are deleted."""
    if not file.exists():
        return
    folder = _aside(root, file.stem)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(folder / f"{file.stat().st_mtime_ns:020d}.json", file.read_bytes())
    for old in sorted(folder.glob("*.json"), reverse=True)[MOST_EARLIER:]:
        old.unlink(missing_ok=True)
