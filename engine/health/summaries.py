"""Health reports in a few words, by the version of the model that they are about."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from engine.data.specs import DataSpec
from engine.health.kept import UnreadableReport, folder_in, read_file
from engine.health.report import HealthReport, Verdict
from engine.models.specs import ModelSpec
from engine.models.version import version_of
from engine.runs.spec_words import data_words

_NAME = re.compile(r"[0-9a-f]{64}")


class HealthSummary(NamedTuple):
    """One report, without its numbers and figures."""

    file: Path
    digest: str
    """Of model, task and data: see `engine.health.kept.digest_of`."""
    version: str
    """Of the model; empty for one that this program does not know any more."""
    verdict: Verdict
    counts: Mapping[Verdict, int]
    checked_at: float
    data: str
    """The data in words."""
    task: str
    took_s: float


def summaries(root: Path) -> list[HealthSummary]:
    """All reports that can be read, the newest first."""
    return [found for found in _all(root) if isinstance(found, HealthSummary)]


def unreadable(root: Path) -> list[UnreadableReport]:
    """What is wrong with the others."""
    return [found for found in _all(root) if isinstance(found, UnreadableReport)]


def newest_by_version(found: Sequence[HealthSummary]) -> dict[str, HealthSummary]:
    """The newest report of each version; `found` is the newest first."""
    return {one.version: one for one in reversed(found)}


def _all(root: Path) -> list[HealthSummary | UnreadableReport]:
    found: list[HealthSummary | UnreadableReport] = []
    for file in folder_in(root).glob("*.json"):
        try:
            stat = file.stat()
        except FileNotFoundError:
            continue  # replaced or deleted just now
        if _NAME.fullmatch(file.stem):
            found.append(_summary(file, stat.st_mtime_ns, stat.st_size))
    return sorted(found, key=_when, reverse=True)


def _when(found: HealthSummary | UnreadableReport) -> float:
    return found.checked_at if isinstance(found, HealthSummary) else 0.0


@lru_cache(maxsize=4096)
def _summary(file: Path, changed_ns: int, size: int) -> HealthSummary | UnreadableReport:
    try:
        report = read_file(file)
    except UnreadableReport as error:
        return error
    verdicts: tuple[Verdict, ...] = ("pass", "warn", "fail", "skipped")
    return HealthSummary(
        file,
        report.digest,
        _version(report),
        report.verdict,
        {verdict: report.count(verdict) for verdict in verdicts},
        report.checked_at,
        _data(report),
        str(report.task.get("kind", "")),
        sum(finding.took_s for finding in report.findings),
    )


def _version(report: HealthReport) -> str:
    try:
        return version_of(_MODEL.validate_python(report.model))
    except ValidationError:
        return ""


def _data(report: HealthReport) -> str:
    try:
        return data_words(_DATA.validate_python(report.data))
    except ValidationError:
        return str(report.data.get("source", ""))


_MODEL: TypeAdapter[ModelSpec] = TypeAdapter(ModelSpec)
_DATA: TypeAdapter[DataSpec] = TypeAdapter(DataSpec)
