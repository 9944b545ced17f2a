"""From an imported model's document and its folder to a module that the loop can train."""

from __future__ import annotations

from pathlib import Path

from engine.data.specs import DataFacts
from engine.errors import EngineError
from engine.models.imported.adapters import Adapted, adapted, undisturbed
from engine.models.imported.heads import resize_head
from engine.models.imported.library import checked_files
from engine.models.imported.loading import Importable, built
from engine.models.imported.probe import made_up
from engine.models.imported.spec import ImportedModel
from engine.models.imported.writers import writing


class TaskUnknown(EngineError):
    """Data that does not say what is learned from it."""

    def __init__(self) -> None:
        super().__init__("An imported model needs data that is made for a task.")


def imported_model(spec: ImportedModel, facts: DataFacts, folder: Path) -> Adapted:
    """The user's model behind Traindeck's loop. This runs their code: only in a process of its
    own, which goes on being able to import it.

    Raises:
        CodeRefused: when the folder does not hold the code of that hash.
        ImportedFailed: when the code fails, or does not fit the task.
    """
    checked_files(folder, spec.code)
    Importable(folder).__enter__()
    return fitted(spec, facts, folder)


def fitted(spec: ImportedModel, facts: DataFacts, folder: Path) -> Adapted:
    """The user's model, built and adapted; its folder must be importable."""
    if facts.task is None:
        raise TaskUnknown
    model = built(spec, folder)
    resized = ""
    if spec.call.resize_head and facts.outputs is not None:
        resized = resize_head(model, facts.outputs)
    found = adapted(model, facts.task, facts, spec.call, folder)
    found.found += (resized,) if resized else ()
    with undisturbed(model):
        return writing(found, made_up(facts.task, facts))
