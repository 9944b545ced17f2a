"""What a run holds of its model: copies of the files that it was brought in with."""

from __future__ import annotations

from pathlib import Path

from engine.models.hugging_face.library import HuggingFaceLibrary, take_along
from engine.models.imported.library import CODE, CodeLibrary, copy_code
from engine.models.specs import HuggingFaceModel, ImportedModel, ModelSpec


def take_from_library(model: ModelSpec, runs: Path, run: Path) -> None:
    """Put a model's files into the folder of a new run, unless a parent has given them.

    Raises:
        CodeRefused, ModelRefused: when they are not in the library, or were changed.
    """
    target = run / CODE
    if target.exists():
        return
    if isinstance(model, ImportedModel):
        CodeLibrary(runs).copy_to(model.code, target)
    elif isinstance(model, HuggingFaceModel) and model.content is not None:
        take_along(HuggingFaceLibrary(runs).folder(model.content), target, model.content)


def take_from_run(model: ModelSpec, parent: Path, child: Path) -> None:
    """Put a model's files into the folder of a fork.

    Raises:
        CodeRefused, ModelRefused: when its parent has them no more, or they were changed.
    """
    source, target = parent / CODE, child / CODE
    if not source.exists():
        return
    if isinstance(model, ImportedModel):
        copy_code(source, target, model.code)
    elif isinstance(model, HuggingFaceModel) and model.content is not None:
        take_along(source, target, model.content)
