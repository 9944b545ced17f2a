"""The version of a model: what it is known by, wherever it is met."""

from __future__ import annotations

import hashlib
import json

from engine.models.specs import HuggingFaceModel, ImportedModel, ModelSpec


def version_of(model: ModelSpec) -> str:
    """SHA-256 of all that makes a model another one: its kind and what is not the default.

    So a field that is new, with a default that changes no model, changes no version either. The
    name that is shown for what was brought in is no part of it.
    """
    document = model.model_dump(mode="json", exclude_defaults=True)
    if isinstance(model, ImportedModel):
        document.pop("name", None)
    if isinstance(model, HuggingFaceModel) and model.content is not None:
        document["origin"] = {
            name: value
            for name, value in document["origin"].items()
            if name not in ("name", "revision")
        }
    text = json.dumps({**document, "kind": model.kind}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
