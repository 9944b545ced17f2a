"""Versions of a dataset without the rows that checks found; the parent stays as it is."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from engine.data.intake.source import Incoming
from engine.data.library.dataset import Dataset
from engine.data.library.errors import room_for
from engine.data.library.library import DataLibrary
from engine.data.library.spec import DatasetSpec
from engine.data.progress import Progress, silent
from engine.data.quality.balance import class_counts
from engine.data.quality.examination import Examined
from engine.data.quality.outcome import Mask
from engine.data.quality.report import Limits
from engine.data.quality.subject import Subject
from engine.errors import BadInput, Problem
from engine.frozen import Frozen

_LEFT_OUT = "left-out.npz"


class ClassChange(Frozen):
    """Rows of one class in both versions."""

    label: str
    before: int
    after: int


class Change(Frozen):
    """What a version is without: `change` in its record."""

    kind: str = "filter"
    without: tuple[str, ...]
    """The checks whose rows were left out."""
    rows_before: int
    rows_after: int
    left_out: dict[str, int]
    """Rows that each check alone leaves out; one row may be in several."""
    classes: tuple[ClassChange, ...] = ()
    """Empty where there are no labels, or too many different ones."""
    limits: Limits
    data: DatasetSpec | None
    """Roles, task and split that the checks were made with."""


def filtered(
    library: DataLibrary,
    dataset: Dataset,
    examined: Examined,
    without: Sequence[str],
    progress: Progress = silent,
    *,
    name: str = "",
) -> Dataset:
    """A new version without the rows of these checks; ``examined`` is of this dataset. The same
    rows again are the same version.

    Raises:
        BadInput: for checks that no filter mends, that found nothing, or that leave no row.
        NoRoom: when the disk is full.
        Cancelled: when ``progress`` raised it; then nothing is left behind.
    """
    assert examined.report.fingerprint == dataset.fingerprint, "examined was another dataset"
    masks = {check: _mask(examined, check) for check in without}
    gone = functools.reduce(np.logical_or, masks.values(), np.zeros(len(dataset), bool))
    _refuse_no_change(without, gone)
    change = _change(library.root.parent, dataset, examined, masks, gone)
    label = name or f"{dataset.name} without {', '.join(without)}"
    record = dataset.record
    incoming = Incoming(
        dataset.name,
        record.origin.kind,
        dataset.table().schema,
        _kept(dataset, ~gone, progress),
        notes=[*record.notes, f"{int(gone.sum()):,} rows were left out: {', '.join(without)}."],
    )
    with room_for(f"filtering {dataset.name}"), library.making() as part:
        left_out = {check: np.flatnonzero(mask) for check, mask in masks.items()}
        np.savez_compressed(part / _LEFT_OUT, allow_pickle=False, **left_out)
        parent = (record, change.model_dump(mode="json"))
        return library.keep(part, incoming, record.origin, name=label, parent=parent)


def change_of(dataset: Dataset) -> Change | None:
    """What a dataset is without, compared with its parent; None for one that was not filtered."""
    change = dataset.record.change
    return Change.parse(change) if change.get("kind") == "filter" else None


def left_out(dataset: Dataset) -> Mapping[str, Sequence[int]]:
    """Numbers of the parent's rows that a version is without, by check."""
    file = dataset.folder / _LEFT_OUT
    if not file.exists():
        return {}
    with np.load(file, allow_pickle=False) as arrays:
        return {check: arrays[check].tolist() for check in arrays.files}


def _mask(examined: Examined, check: str) -> Mask:
    if check in examined.leaves_out:
        return examined.leaves_out[check]
    finding = examined.report.finding(check)
    if finding is None:
        allowed = ", ".join(examined.leaves_out)
        raise BadInput([Problem("without", "was not checked", repr(check), f"Checks: {allowed}.")])
    what = f"leaves out no rows. {finding.text}"
    raise BadInput([Problem("without", what, repr(check), finding.remedy)])


def _refuse_no_change(without: Sequence[str], gone: Mask) -> None:
    named = ", ".join(without)
    if not gone.any():
        problem = Problem("without", "no row has this", named, "The dataset stays as it is.")
        raise BadInput([problem])
    if gone.all():
        problem = Problem("without", "no row would be left", named, "Choose fewer checks.")
        raise BadInput([problem])


def _change(
    runs: Path, dataset: Dataset, examined: Examined, masks: Mapping[str, Mask], gone: Mask
) -> Change:
    report = examined.report
    subject = Subject(dataset, report.data, report.limits, runs)
    return Change(
        without=tuple(masks),
        rows_before=len(dataset),
        rows_after=int((~gone).sum()),
        left_out={check: int(mask.sum()) for check, mask in masks.items()},
        classes=tuple(_classes(subject, ~gone)),
        limits=report.limits,
        data=report.data,
    )


def _classes(subject: Subject, stays: Mask) -> Iterator[ClassChange]:
    labels = subject.of_role("label")
    before = class_counts(subject, labels[0]) if len(labels) == 1 else None
    after = class_counts(subject, labels[0], stays) if before is not None else None
    if before is not None and after is not None:
        for label, count in before.items():
            yield ClassChange(label=label, before=count, after=after.get(label, 0))


def _kept(dataset: Dataset, stays: Mask, progress: Progress) -> Iterator[pa.RecordBatch]:
    done = 0
    for batch in dataset.batches():
        part = batch.filter(pa.array(stays[done : done + len(batch)]))
        done += len(batch)
        if len(part):
            yield part
        progress(f"Filtering {dataset.name}", done, len(dataset))
