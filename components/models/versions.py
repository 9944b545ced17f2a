"""Models of the library on the Launch form: which there are, and how one gets into the draft."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from components.draft import Draft
from components.form_schema import BROUGHT_IN, Document, Variants, replaced
from engine.documents.schema import variants
from engine.errors import BadInput
from engine.frozen import Frozen
from engine.models.imported.spec import ImportedModel
from engine.models.registry import Registry, Version
from engine.models.specs import ModelSpec
from engine.models.version import version_of
from engine.run_spec import RunSpec
from engine.runs.store import RunStore

PATH = "model"


class _OfModel(Frozen):
    """A model alone."""

    model: ModelSpec


def kept(store: RunStore, kind: str) -> list[Version]:
    """The models of a kind that are kept, the newest first; archived ones are not offered."""
    entries = Registry(store.root).entries()
    return [one for one in entries if one.model.kind == kind and one.stage != "archived"]


def with_library(item: Variants, store: RunStore) -> Variants:
    """The choice of models with the kinds that somebody has brought in."""
    found = variants(RunSpec.model_fields[PATH])
    assert found is not None
    options = found[1]
    missing = (BROUGHT_IN & set(options)) - set(item.names)
    more = tuple((kind, options[kind]) for kind in sorted(missing) if kept(store, kind))
    return replace(item, options=(*item.options, *more))


def shelved(draft: Draft, kind: str, store: RunStore) -> Draft | None:
    """The draft with a model of a kind ready to be chosen: what was there before, else the newest
    that is kept; None where none is kept any more."""
    slot = f"{PATH}:{kind}"
    if kind not in BROUGHT_IN or slot in draft.shelf:
        return draft
    known = kept(store, kind)
    if not known:
        return None
    document = document_of(known[0].model)
    return replace(draft, shelf={**draft.shelf, slot: document})


def holding(draft: Draft, model: ModelSpec) -> Draft:
    """The draft with another model in it."""
    return replace(draft, document=replaced(draft.document, PATH, document_of(model)))


def held(draft: Draft) -> ImportedModel | None:
    """The imported model in a draft, its fields that are wrong left out; None for other kinds."""
    document = draft.document[PATH]
    if document.get("kind") != "imported":
        return None
    try:
        return ImportedModel.parse(document)
    except BadInput:
        brought = ("kind", "code", "file", "entry", "arguments", "config_class", "name")
        return ImportedModel.parse({name: document[name] for name in brought})


def digest_in(draft: Draft, known: Sequence[Version]) -> str | None:
    """The version of the model in a draft, if it is one of those; None when it was changed."""
    try:
        own = version_of(_OfModel.parse({PATH: draft.document[PATH]}).model)
    except BadInput:
        return None
    return own if any(own == version.digest for version in known) else None


def document_of(model: Frozen) -> Document:
    """A model as the form holds it."""
    return model.model_dump(mode="json")
