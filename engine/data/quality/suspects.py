"""Rows whose label a trained model doubts: those that it is confident to know better.

This runs a model: call it in a process of its own, as `python -m engine data suspects` does.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.data.library.dataset import Dataset
from engine.data.library.library import DataLibrary
from engine.data.library.spec import DatasetSpec
from engine.data.preparation.rows import Rows, rows_of
from engine.data.progress import Progress, silent
from engine.data.quality.examination import Examined
from engine.data.quality.outcome import percent
from engine.data.quality.report import Example, Finding, Limits, QualityReport
from engine.data.quality.subject import Subject
from engine.data.sources import load_for
from engine.errors import EngineError
from engine.models.specs import ImportedModel
from engine.runs.checkpoint_files import folder_of, folders
from engine.runs.run import Run

if TYPE_CHECKING:
    from torch import nn

    from engine.data.batching import BatchSource

CHECK = "label-noise"
_ONE_CLASS = ("sequence-classification", "image-classification", "tabular-classification")
_BATCH = 64
_SHOWN = 20
_SURE = 0.9

Floats = NDArray[np.float64]


class CannotDoubt(EngineError):
    """A run that says nothing about the labels of a dataset."""

    def __init__(self, run_id: str, reason: str, remedy: str) -> None:
        super().__init__(f"The run {run_id} finds no doubtful labels: {reason}. {remedy}")


@dataclass(frozen=True)
class Doubts:
    """What a model makes of every row that has been used."""

    rows: NDArray[np.integer]
    labels: NDArray[np.int64]
    guesses: NDArray[np.int64]
    """The likeliest class."""
    loss: Floats
    """Cross entropy of the row's own label."""
    confidence: Floats
    """Probability of the likeliest class."""
    held_out: NDArray[np.bool_]


def suspects(run: Run, runs: Path, progress: Progress = silent) -> tuple[Dataset, Examined]:
    """The rows of a run's dataset whose label its best checkpoint doubts, those of the highest
    loss first; see `suspicious`.

    Raises:
        CannotDoubt: for a run without such a task, dataset or checkpoint, and for imported code.
        EngineError: when its data is not there any more, or its checkpoint is damaged.
    """
    data = _data_of(run)
    dataset = DataLibrary(runs).dataset(data.dataset, data.shown_name)
    root = DataLibrary(runs).prepared(data.dataset)
    rows = rows_of(data, dataset, root, progress)
    started = time.monotonic()
    doubts = _doubts(run, runs, rows, progress)
    found = suspicious(doubts)
    order = np.argsort(-doubts.loss[found], kind="stable")
    worst = np.flatnonzero(found)[order]
    mask = np.zeros(len(dataset), bool)
    mask[doubts.rows[found]] = True
    subject = Subject(dataset, data, Limits(), runs)
    assert rows.classes is not None
    finding = Finding(
        check=CHECK,
        verdict="warn" if len(worst) else "pass",
        text=_in_words(doubts, found, run.id),
        remedy="Look at them: correct wrong labels at the source, or leave these rows out."
        if len(worst)
        else "",
        count=len(worst),
        of=len(doubts.rows),
        leaves_out=len(worst),
        examples=tuple(_examples(subject, doubts, worst[:_SHOWN], rows.classes)),
        took_s=time.monotonic() - started,
    )
    report = QualityReport(
        fingerprint=dataset.fingerprint,
        data=data,
        limits=subject.limits,
        rows=len(dataset),
        checked_at=time.time(),
        findings=(finding,),
    )
    return dataset, Examined(report, {CHECK: mask})


def suspicious(doubts: Doubts) -> NDArray[np.bool_]:
    """Rows whose likeliest class is another one, and at least as likely as it is in the mean of
    the rows that it is the label of (confident learning), or nine tenths."""
    usual = np.full(int(max(doubts.labels.max(), doubts.guesses.max())) + 1, np.inf)
    for label in np.unique(doubts.labels):
        usual[label] = min(_SURE, float(np.exp(-doubts.loss[doubts.labels == label]).mean()))
    found: NDArray[np.bool_] = doubts.confidence >= usual[doubts.guesses]
    found &= doubts.guesses != doubts.labels
    return found


def _data_of(run: Run) -> DatasetSpec:
    spec = run.spec
    if not isinstance(spec.data, DatasetSpec):
        reason, remedy = "its data is no dataset of the library", "Choose a run on your own data."
    elif spec.task.kind not in _ONE_CLASS:
        reason, remedy = "its task has no class for each row", "Choose a run that classifies."
    elif isinstance(spec.model, ImportedModel):
        reason, remedy = "imported code is only run to train", "Choose a run with another model."
    else:
        return spec.data
    raise CannotDoubt(run.id, reason, remedy)


def _doubts(run: Run, runs: Path, rows: Rows, progress: Progress) -> Doubts:
    from engine.data.batching import batch_sources  # late: torch

    spec = run.spec
    loaded = load_for(spec.data, spec.model, runs, progress)
    model = _model(run, loaded.facts)
    parts = []
    for arrays, chosen in ((loaded.train, rows.train), (loaded.val, rows.val)):
        plain = dataclasses.replace(loaded, val=arrays, augmentation=None)  # held out: unchanged
        source = batch_sources(plain, seed=0)[1]
        if source is None:
            continue
        if len(source) != len(chosen):
            reason = "its rows are cut into several samples"
            raise CannotDoubt(run.id, reason, "Choose a run with one sample a row.")
        parts.append(_of_side(model, source, run, progress))
    labels, guesses, loss, confidence = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Doubts(
        np.concatenate([rows.train, rows.val]),
        labels,
        guesses,
        loss,
        confidence,
        np.arange(len(labels)) >= len(rows.train),
    )


def _of_side(
    model: nn.Module, source: BatchSource, run: Run, progress: Progress
) -> tuple[Any, Any, Any, Any]:
    import torch

    from engine.writing import evaluating

    task = run.spec.task
    found: list[tuple[Any, ...]] = []
    with evaluating(model), torch.no_grad():
        for start in range(0, len(source), _BATCH):
            batch = source.batch(0, np.arange(start, min(start + _BATCH, len(source))))
            logs = model(*[batch[name] for name in task.inputs]).double().log_softmax(dim=-1)
            labels = batch[task.target].long()
            best, guesses = logs.max(dim=-1)
            loss = -logs.gather(1, labels[:, None])[:, 0]
            found.append(tuple(t.numpy() for t in (labels, guesses, loss, best.exp())))
            progress("Looking for doubtful labels", min(start + _BATCH, len(source)), len(source))
    labels_, guesses_, losses, confidences = (
        np.concatenate(part) for part in zip(*found, strict=True)
    )
    return labels_, guesses_, losses, confidences


def _model(run: Run, facts: Any) -> nn.Module:
    import torch

    from engine.checkpoint.folder import verified
    from engine.models.build import build_model
    from engine.models.imported.library import CODE

    root = run.folder / "checkpoints"
    best = run.state().best
    kept = folders(root)
    if not kept:
        raise CannotDoubt(run.id, "it has no checkpoint", "Choose a run that was trained.")
    chosen = folder_of(root, best.step) if best else kept[-1]
    checkpoint = verified(chosen if chosen in kept else kept[-1])
    code = run.folder / CODE
    model = build_model(run.spec.model, facts, code if code.exists() else None)
    checkpoint.restore_model(model)
    average = checkpoint.average()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if average is not None and name in average:
                parameter.copy_(average[name])
    return model


def _in_words(doubts: Doubts, found: NDArray[np.bool_], run_id: str) -> str:
    count, of = int(found.sum()), len(found)
    if not count:
        return f"The model of run {run_id} doubts no label confidently, of {of:,}."
    held = int((found & doubts.held_out).sum())
    return (
        f"Rows whose label the model of run {run_id} doubts confidently: {count:,} of {of:,} "
        f"({percent(count, of)}); {held:,} of them were held out. What it was trained on it may "
        "have learned by heart, wrong labels too."
    )


def _examples(
    subject: Subject, doubts: Doubts, places: NDArray[np.int64], classes: tuple[str, ...]
) -> Iterator[Example]:
    for place in places.tolist():
        guess, label = classes[doubts.guesses[place]], classes[doubts.labels[place]]
        row = int(doubts.rows[place])
        sure = f"{100 * doubts.confidence[place]:.0f} % {guess!r}"
        where = "held out" if doubts.held_out[place] else "trained on"
        said = f"labelled {label!r}, {sure}, loss {doubts.loss[place]:.2f}, {where}"
        yield Example(row=row, excerpt=f"{said}: {subject.excerpt(row)}")
