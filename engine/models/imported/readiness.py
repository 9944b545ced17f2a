"""What a model that was brought in is built with, and what is in the way of a run of it. Nothing is
run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.data.specs import DataFacts
from engine.errors import Problem
from engine.models.hugging_face import readiness as hugging_face
from engine.models.imported.arguments import Row, rows_of
from engine.models.imported.inspection import Candidate, Inspection
from engine.models.imported.library import CodeLibrary, CodeRefused, in_the_way
from engine.models.imported.matching import matched
from engine.models.imported.proposal import Brought, brought
from engine.models.imported.spec import ImportedModel
from engine.models.specs import HuggingFaceModel, ModelSpec


def candidate_of(found: Inspection, model: ImportedModel) -> Candidate | None:
    """The class or function that a model's document names; None where it does not show."""
    fitting = (c for c in found.candidates if (c.file, c.name) == (model.file, model.entry))
    return next(fitting, None)


def argument_rows(seen: Brought, model: ImportedModel, facts: DataFacts | None) -> tuple[Row, ...]:
    """Each argument of a model with its value, where that is from, and what is wrong with it."""
    candidate = candidate_of(seen.found, model)
    if candidate is None:
        return ()
    return rows_of(matched(candidate, seen.found, seen.config, facts), facts, model.arguments)


def refusals(
    model: ModelSpec,
    runs: Path,
    facts: DataFacts | None,
    launcher: str = "auto",
    folder: Path | None = None,
) -> Iterator[Problem]:
    """Why a run of a model that was brought in cannot be started; nothing for presets.

    With `folder`, where a run has code of its own, what it is built with is settled.
    """
    yield from in_the_way(model, runs, launcher, folder)
    if isinstance(model, HuggingFaceModel):
        yield from hugging_face.misfits(model, facts)
    if folder is None:
        yield from (row.problem for row in _rows(model, runs, facts) if row.problem is not None)


def remarks(model: ModelSpec, runs: Path, facts: DataFacts | None) -> Iterator[Problem]:
    """What a model that was brought in is probably not meant to be built with."""
    if isinstance(model, HuggingFaceModel):
        yield from hugging_face.remarks(model, runs, facts)
    for row in _rows(model, runs, facts):
        if row.warning:
            message = f"it and the data do not agree: {row.warning.rstrip('.')}"
            yield Problem(f"model.arguments.{row.name}", message)


def _rows(model: ModelSpec, runs: Path, facts: DataFacts | None) -> tuple[Row, ...]:
    if not isinstance(model, ImportedModel):
        return ()
    try:
        return argument_rows(brought(CodeLibrary(runs), model.code), model, facts)
    except CodeRefused:  # which is said already
        return ()
