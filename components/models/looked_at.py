"""A model together with the data that it is looked at on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from components import workspace
from components.models import page_state, wording
from engine.data.sources import facts_of
from engine.data.specs import DataFacts
from engine.errors import BadInput, EngineError
from engine.health.kept import digest_of
from engine.models.collection import KnownModel, spec_of
from engine.models.specs import ModelSpec
from engine.models.usual import usual_specs
from engine.run_spec import RunSpec
from engine.runs.store import RunStore


@dataclass(frozen=True)
class Looked:
    """What the tabs of a model's page are about."""

    store: RunStore
    model: KnownModel
    spec: RunSpec | None
    """The model with the chosen data; None where nothing can build it."""

    @property
    def digest(self) -> str:
        """Of the model."""
        return self.model.digest

    @property
    def document(self) -> ModelSpec:
        """The model's own document.

        Raises:
            DamagedRun, UnknownRun: when only a run knows it, and that run cannot be read.
        """
        return spec_of(self.store, self.model)

    def key(self, part: str) -> str:
        """The key of a widget that is about this model."""
        return page_state.key(part, self.digest)

    def facts(self) -> DataFacts | None:
        """What is known of the data, which is loaded for it; None where it cannot be."""
        if self.spec is None:
            return None
        try:
            return facts_of(self.spec.data, self.spec.model, self.store.root)
        except EngineError:
            return None  # the check or the measurement tells it, in full

    def examined(self) -> str:
        """Under what reports about the model on this data are kept; empty where it cannot be."""
        facts = self.facts()
        if self.spec is None or facts is None:
            return ""
        return digest_of(self.spec.task, self.spec.model, facts)


def looked_at(store: RunStore, model: KnownModel) -> Looked:
    """The model with the data that was chosen for it, before the choice is drawn."""
    specs = usual_specs(store, model, _drafted())
    return Looked(store, model, _chosen(model, specs))


def choose(looked: Looked) -> None:
    """Draw the choice of the data."""
    specs = usual_specs(looked.store, looked.model, _drafted())
    st.selectbox(
        "On the data",
        list(_named(specs)),
        key=looked.key("data"),
        width=340,
        help="What the model is measured, examined and trained on from here. Vocabulary, "
        "classes and the size of images come from it, and with them the model's.",
    )


def _chosen(model: KnownModel, specs: Sequence[RunSpec]) -> RunSpec | None:
    named = _named(specs)
    key = page_state.key("data", model.digest)
    if st.session_state.get(key) not in named:
        st.session_state.pop(key, None)
    else:
        st.session_state[key] = st.session_state[key]  # kept while its widget is not drawn
    chosen = st.session_state.get(key) or next(iter(named), None)
    return None if chosen is None else named[chosen]


def _named(specs: Sequence[RunSpec]) -> dict[str, RunSpec]:
    """Each by its own name; of several with the same words all but the first are numbered."""
    found: dict[str, RunSpec] = {}
    for spec in specs:
        words = wording.about(spec)
        count = sum(name == words or name.startswith(f"{words} (") for name in found)
        found[f"{words} ({count + 1})" if count else words] = spec
    return found


def _drafted() -> RunSpec | None:
    """What is on the Launch form, where it has no mistakes."""
    try:
        return workspace.current().draft.spec()
    except BadInput:
        return None
