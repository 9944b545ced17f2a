"""All checks of a dataset, and the report of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.data.library.dataset import Dataset
from engine.data.library.errors import DataRefused
from engine.data.library.proposal import proposed
from engine.data.library.spec import DatasetSpec
from engine.data.progress import Progress, silent
from engine.data.quality import balance, cells, copies, lengths, pictures
from engine.data.quality.names import NAMES
from engine.data.quality.outcome import Mask, Outcome, skipped
from engine.data.quality.report import Example, Finding, Limits, QualityReport
from engine.data.quality.subject import Subject
from engine.errors import BadInput, Problem

MOST_EXAMPLES = 10

CHECKS: dict[str, Callable[[Subject], Outcome]] = {
    "empty": cells.empty,
    "missing": cells.missing,
    "mixed-types": cells.mixed_types,
    "constant": cells.constant,
    "encoding": cells.encoding,
    "length": lengths.length,
    "duplicates": copies.duplicates,
    "near-duplicates": copies.near_duplicates,
    "conflicts": copies.conflicts,
    "balance": balance.balance,
    "images": pictures.images,
    "channels": pictures.channels,
    "image-size": pictures.image_size,
    "leakage": copies.leakage,
    "near-leakage": copies.near_leakage,
    "group-leakage": copies.group_leakage,
}


@dataclass(frozen=True)
class Examined:
    """A report, and which rows each finding is about."""

    report: QualityReport
    leaves_out: dict[str, Mask]
    """Of each check that a filter mends: the rows that it would leave out."""


def examine(
    dataset: Dataset,
    runs: Path,
    *,
    data: DatasetSpec | None = None,
    limits: Limits | None = None,
    checks: Sequence[str] = (),
    progress: Progress = silent,
) -> Examined:
    """Make all checks of a dataset, or some. Without ``data`` columns, task and split are those
    that the dataset itself proposes. Memory: about 100 bytes a row, and 640 for each text that is
    compared with others.

    Raises:
        BadInput: for a check that there is not.
        Cancelled: when ``progress`` raised it.
    """
    chosen = known(checks)
    subject = Subject(dataset, data or _usual(dataset), limits or Limits(), runs, progress)
    found: list[Finding] = []
    masks: dict[str, Mask] = {}
    for place, name in enumerate(chosen):
        progress(f"Looking for: {NAMES[name].title}", place, len(chosen))
        started = time.monotonic()
        outcome = _outcome(subject, name)
        found.append(_finding(subject, name, outcome, time.monotonic() - started))
        if outcome.leaves_out is not None:
            masks[name] = outcome.leaves_out
    report = QualityReport(
        fingerprint=dataset.fingerprint,
        data=subject.data,
        limits=subject.limits,
        rows=len(dataset),
        checked_at=time.time(),
        findings=tuple(found),
    )
    return Examined(report, masks)


def known(checks: Sequence[str]) -> list[str]:
    """These checks in their order; all where none is named.

    Raises:
        BadInput: for one that there is not.
    """
    for name in checks:
        if name not in CHECKS:
            remedy = f"Checks: {', '.join(CHECKS)}."
            raise BadInput([Problem("checks", "no such check", repr(name), remedy)])
    return [name for name in CHECKS if not checks or name in checks]


def _usual(dataset: Dataset) -> DatasetSpec | None:
    try:
        return proposed(dataset)
    except BadInput:  # its task is not clear
        return None


def _outcome(subject: Subject, name: str) -> Outcome:
    if name.endswith("leakage"):
        try:
            subject.sides  # noqa: B018 - is kept for the check, or says why there are none
        except (DataRefused, BadInput) as error:
            return skipped(f"The rows cannot be split: {error}")
    return CHECKS[name](subject)


def _finding(subject: Subject, name: str, outcome: Outcome, took_s: float) -> Finding:
    masked = outcome.leaves_out
    excerpt = outcome.excerpt or subject.excerpt
    examples = tuple(
        Example(
            row=row,
            excerpt=excerpt(row),
            other=other,
            other_excerpt="" if other is None else excerpt(other),
        )
        for row, other in outcome.shown[:MOST_EXAMPLES]
    )
    return Finding(
        check=name,
        verdict=outcome.verdict,
        text=outcome.text,
        remedy=outcome.remedy,
        unit=outcome.unit,
        count=outcome.count,
        of=outcome.of,
        leaves_out=None if masked is None else int(np.count_nonzero(masked)),
        examples=examples,
        took_s=took_s,
    )
