"""The version of a model: what it is known by, wherever it is met."""

from __future__ import annotations

import hashlib
import json

from engine.models.specs import ImportedModel, ModelSpec


def version_of(model: ModelSpec) -> str:
    """SHA-256 of all that makes a model another one: its kind and what is not the default.

    So a field that is new, with a default that changes no model, changes no version either. The
    name that is shown for code is no part of it.
    """
    named = {"name"} if isinstance(model, ImportedModel) else None
    document = model.model_dump(mode="json", exclude_defaults=True, exclude=named)
    text = json.dumps({**document, "kind": model.kind}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
