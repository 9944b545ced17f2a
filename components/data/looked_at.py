"""The dataset that a page is about, with how it is to be trained on."""

from __future__ import annotations

from dataclasses import dataclass

from components.data.setup import Setup, SetupFile, spec_of
from engine.data.library.dataset import Dataset
from engine.data.library.library import DataLibrary
from engine.data.library.spec import DatasetSpec
from engine.errors import BadInput
from engine.runs.store import RunStore


@dataclass(frozen=True)
class Looked:
    """A dataset and everything that its tabs draw from."""

    store: RunStore
    library: DataLibrary
    dataset: Dataset
    setup: Setup
    spec: DatasetSpec | None
    """What a run would be given; None while something in it is wrong."""
    wrong: BadInput | None
    """What is wrong with it."""

    @property
    def fingerprint(self) -> str:
        return self.dataset.fingerprint

    @property
    def reads_texts(self) -> bool:
        """Whether texts are what a model would read."""
        return self.spec is not None and self.spec.modality == "text"

    @property
    def keeping(self) -> SetupFile:
        """Where the setup is kept."""
        return SetupFile(self.store.root, self.fingerprint)


def looked_at(store: RunStore, library: DataLibrary, dataset: Dataset) -> Looked:
    """The dataset with its setup as it was left."""
    setup = SetupFile(store.root, dataset.fingerprint).read()
    spec, wrong = None, None
    try:
        spec = spec_of(dataset, setup)
    except BadInput as error:
        wrong = error
    return Looked(store, library, dataset, setup, spec, wrong)
