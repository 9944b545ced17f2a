"""The dataset that a page is about, with how it is to be trained on."""

from __future__ import annotations

from dataclasses import dataclass

from components.data.setup import Setup, SetupFile, spec_of
from engine.data.library.dataset import Dataset
from engine.data.library.library import DataLibrary
from engine.data.library.spec import DatasetSpec
from engine.errors import BadInput, EngineError
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
    told: str = ""
    """What became of choices that could not be read."""

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
    setup, told = _setup(SetupFile(store.root, dataset.fingerprint))
    spec, wrong = None, None
    try:
        spec = spec_of(dataset, setup)
    except BadInput as error:
        wrong = error
    return Looked(store, library, dataset, setup, spec, wrong, told)


def _setup(file: SetupFile) -> tuple[Setup, str]:
    """The choices, and what is to be said where they are damaged."""
    try:
        return file.read(), ""
    except EngineError as error:
        damage = f"What was chosen for this dataset cannot be read, so all is as usual. {error}"
    try:
        return Setup(), f"{damage} The file is kept as {file.set_aside()}."
    except OSError as error:
        return Setup(), f"{damage} It could not be moved away ({error.strerror or error})."
