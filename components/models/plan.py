"""From code and what was set for it to the run that would be made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from components.draft import Draft
from components.models import data_choice
from components.models.intake_draft import Setup
from components.models.to_launch import with_model
from engine.data.specs import DataFacts, DataSpec
from engine.errors import BadInput, Problem
from engine.frozen import with_changes
from engine.models.imported.arguments import Row, rows_of
from engine.models.imported.inspection import Candidate, Inspection
from engine.models.imported.matching import Matched, length_in
from engine.models.imported.proposal import Brought, fitted_to
from engine.models.imported.spec import ImportedModel
from engine.presets import PRESETS
from engine.run_spec import RunSpec
from engine.runs.spec_words import data_words
from engine.task_spec import TaskSpec


@dataclass(frozen=True)
class Plan:
    """A model of imported code with its data, as far as it can be told."""

    model: ImportedModel
    data: DataSpec
    task: TaskSpec
    facts: DataFacts
    matched: Matched
    rows: Sequence[Row]
    spec: RunSpec
    """The run that the Launch form would hold."""

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with the arguments."""
        return [row.problem for row in self.rows if row.problem is not None]


def chosen_candidate(found: Inspection, setup: Setup) -> Candidate | None:
    """What is to be built: as it was chosen, else as it was found; None while it is not clear."""
    fitting = (c for c in found.candidates if entry_of(c) == setup.entry)
    return next(fitting, found.candidates[0] if found.sure else None)


def entry_of(candidate: Candidate) -> str:
    """What names a class or function among those of the code."""
    return f"{candidate.file}:{candidate.name}"


def planned(seen: Brought, candidate: Candidate, setup: Setup, draft: Draft) -> Plan:
    """What comes of it.

    Raises:
        EngineError: when the data cannot be had.
    """
    chosen = data_choice.choice(seen.found, candidate, setup, draft)
    data = data_choice.data_of(chosen, draft, seen.runs)
    length = setup.block_size or length_in(setup.arguments)
    fitted = fitted_to(seen, candidate, data, length)
    arguments = arguments_of(fitted.matched, setup)
    name = setup.name.strip() or candidate.name
    changes: dict[str, object] = {"arguments": arguments, "call": setup.call.model_dump()}
    model = with_changes(fitted.model, {**changes, "name": name})
    rows = rows_of(fitted.matched, fitted.facts, arguments)
    spec = _spec(with_model(draft, model, data, f"{name} on {data_words(data)}"), model, data)
    return Plan(model, data, spec.task, fitted.facts, fitted.matched, rows, spec)


def arguments_of(found: Matched, setup: Setup) -> dict[str, JsonValue]:
    """What is matched, with what was typed in its place and without what was emptied."""
    arguments = {**found.arguments, **setup.arguments}
    return {name: value for name, value in arguments.items() if name not in setup.emptied}


def _spec(draft: Draft, model: ImportedModel, data: DataSpec) -> RunSpec:
    """The run of a draft; of a preset while the draft has mistakes elsewhere."""
    try:
        return draft.spec()
    except BadInput:
        document = {
            "name": draft.document["name"],
            "task": {"kind": draft.document["task"]["kind"]},
            "data": data.model_dump(mode="json"),
            "model": model.model_dump(mode="json"),
        }
        return PRESETS["baseline"].apply(RunSpec.parse(document))
