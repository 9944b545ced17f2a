"""On which data a model of imported code is tried: bundled, the user's own, or the form's."""

from __future__ import annotations

from pathlib import Path

from components import readable
from components.draft import Draft
from components.form_schema import value_at
from components.models.intake_draft import Setup
from engine.data.specs import DATA_TASKS, DataSpec
from engine.frozen import Frozen
from engine.models.imported.inspection import Candidate, Inspection
from engine.models.imported.likely import likely_data

_OF_THE_FORM = "As on the Launch form"
_DATASET = "dataset:"


class _OfData(Frozen):
    """A source of data alone."""

    data: DataSpec


def offered(runs: Path, chosen: str) -> dict[str, str]:
    """What can be chosen, with its title: the form's, bundled data, datasets of the library."""
    from engine.data.library.library import DataLibrary  # late: pyarrow takes a while

    own = {
        f"{_DATASET}{dataset.fingerprint}": dataset.name
        for dataset in DataLibrary(runs).datasets()
        if dataset.record.task is not None
    }
    bundled = {source: readable.choice(source) for source in DATA_TASKS}
    return {chosen: "A dataset that is gone", "": _OF_THE_FORM, **own, **bundled}


def choice(found: Inspection, candidate: Candidate, setup: Setup, draft: Draft) -> str:
    """What was chosen, else what seems right; empty for the Launch form's."""
    known = setup.data is not None and (
        setup.data in ("", *DATA_TASKS) or setup.data.startswith(_DATASET)
    )
    if known and setup.data is not None:
        return setup.data
    likely = likely_data(found, candidate)
    task = value_at(draft.document, "task.kind")
    return "" if likely is None or DATA_TASKS[likely] == task else likely


def data_of(chosen: str, draft: Draft, runs: Path) -> DataSpec:
    """The document of what was chosen, with the form's settings where it is the form's.

    Raises:
        EngineError: when the form's has mistakes, or a dataset is gone.
    """
    held = value_at(draft.document, "data")
    if not chosen:
        return _OfData.parse({"data": held}).data
    fingerprint = chosen.removeprefix(_DATASET)
    about = ("dataset", fingerprint) if fingerprint != chosen else ("source", chosen)
    if isinstance(held, dict) and held.get(about[0]) == about[1]:
        return _OfData.parse({"data": held}).data
    if fingerprint == chosen:
        return _OfData.parse({"data": {"source": chosen}}).data
    from engine.data.library.library import DataLibrary  # late, as above
    from engine.data.library.proposal import proposed

    return proposed(DataLibrary(runs).dataset(fingerprint))
