"""Versions of the documents: how one of an earlier version becomes one of today's."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any, Literal

from pydantic import model_validator

from engine.frozen import Frozen

Document = dict[str, Any]
Migration = Callable[[Document], Document]

VERSION = 3
"""The version that is written. One that removes, renames or reinterprets a field raises it; a new
field with a default does not."""


def _decay_by_kind(document: Document) -> Document:
    """Version 1 had one switch for the decay of norms and biases, inside of the optimizer."""
    training = document.get("training")
    optimizer = training.get("optimizer") if isinstance(training, dict) else None
    if isinstance(optimizer, dict) and "decay_vectors" in optimizer:
        vectors = optimizer.pop("decay_vectors")
        document["training"]["parameters"] = {"decay_norms": vectors, "decay_biases": vectors}
    return document


def _loss_of_its_own(document: Document) -> Document:
    """Version 2 had the label smoothing in the task, and kept one best checkpoint or none."""
    task, training = document.get("task"), document.get("training")
    if isinstance(task, dict) and "label_smoothing" in task:
        task["loss"] = {"name": "cross-entropy", "label_smoothing": task.pop("label_smoothing")}
    checkpointing = training.get("checkpointing") if isinstance(training, dict) else None
    if isinstance(checkpointing, dict) and isinstance(checkpointing.get("keep_best"), bool):
        checkpointing["keep_best"] = int(checkpointing["keep_best"])
    return document


MIGRATIONS: dict[int, Migration] = {1: _decay_by_kind, 2: _loss_of_its_own}
"""Version -> what makes a RunSpec document of the next version of it. What a document does not
have, or has otherwise than it should, a migration leaves alone: it is refused afterwards."""


class Versioned(Frozen):
    """A document that says its version; one of an earlier version becomes one of today's."""

    version: Literal[3] = 3
    """Version of this format. Documents of earlier versions are understood, later ones refused."""

    @model_validator(mode="before")
    @classmethod
    def _of_today(cls, document: Any) -> Any:
        return migrated(document)


def migrated(
    document: Any, migrations: Mapping[int, Migration] = MIGRATIONS, newest: int = VERSION
) -> Any:
    """The document in the newest version; one without a version is taken for that.

    What is no document is given back as it is, to be refused by its schema.

    Raises:
        ValueError: for a version that is still unknown here, or was never there.
    """
    version = document.get("version", newest) if isinstance(document, dict) else None
    if type(version) is not int or version == newest:
        return document
    if version > newest:
        raise ValueError(
            f"version {version} of the document is newer than this Traindeck, which reads up to "
            f"version {newest}; update Traindeck."
        )
    if version < 1:
        raise ValueError(f"there is no version {version} of the document; use {newest}.")
    document = copy.deepcopy(document)
    for earlier in range(version, newest):
        document = migrations[earlier](document) | {"version": earlier + 1}
    return document
