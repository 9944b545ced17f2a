"""From code in the library and a source of data to a run that can be started."""

from __future__ import annotations

from dataclasses import dataclass

from engine.data.sources import facts_of
from engine.data.specs import DATA_TASKS, DataFacts
from engine.errors import BadInput, Problem
from engine.models.imported.config_file import read_config
from engine.models.imported.inspection import Candidate, Inspection, inspect
from engine.models.imported.library import CodeLibrary
from engine.models.imported.matching import Matched, as_spec, matched
from engine.models.imported.spec import ImportedModel
from engine.presets import PRESETS
from engine.run_spec import RunSpec


@dataclass(frozen=True)
class Proposal:
    """A run of imported code, and where its arguments are from."""

    spec: RunSpec
    candidate: Candidate
    matched: Matched
    facts: DataFacts


def proposed(library: CodeLibrary, code: str, data: str, entry: str = "") -> Proposal:
    """A run of this code on a bundled source of data, with the baseline's training.

    Raises:
        CodeRefused: when there is no such code, or its config.json is damaged.
        BadInput: when it cannot be loaded, when several classes may be meant, and when arguments
            are missing.
    """
    if data not in DATA_TASKS:
        raise BadInput([Problem("data", "no such data", repr(data), f"One of {_all(DATA_TASKS)}.")])
    files = library.files(code)
    found = inspect(files)
    candidate = chosen(found, entry)
    blank = ImportedModel(code=code, file=candidate.file, entry=candidate.name)
    config = read_config(files["config.json"]) if "config.json" in files else {}
    spec = _run(blank, data)
    first = matched(candidate, found, config, None)
    model = as_spec(code, candidate, first)
    facts = facts_of(spec.data, model)
    filled = matched(candidate, found, config, facts)
    if filled.missing:
        raise BadInput([Problem(f"model.arguments.{m.name}", m.said) for m in filled.missing])
    model = as_spec(code, candidate, filled, block_size=model.block_size)
    return Proposal(_run(model, data), candidate, filled, facts)


def chosen(found: Inspection, entry: str = "") -> Candidate:
    """The class or function to build: the one that is named, else the only one that can be meant.

    Raises:
        BadInput: with everything that keeps the code from being loaded, or all that may be meant.
    """
    if found.problems:
        raise BadInput(found.problems)
    names = [candidate.name for candidate in found.candidates]
    named = [candidate for candidate in found.candidates if candidate.name == entry]
    if entry and not named:
        remedy = f"There are: {_all(names)}."
        raise BadInput([Problem("entry", "no such class or function", repr(entry), remedy)])
    if not entry and not found.sure:
        raise BadInput([Problem("entry", "several may be the model", _all(names), "Choose one.")])
    return named[0] if named else found.candidates[0]


def _run(model: ImportedModel, data: str) -> RunSpec:
    document = {
        "name": f"{model.shown_name} on {data}",
        "task": {"kind": DATA_TASKS[data]},
        "data": {"source": data},
        "model": model.model_dump(),
    }
    return PRESETS["baseline"].apply(RunSpec.parse(document))


def _all(names: object) -> str:
    return ", ".join(map(repr, names)) if isinstance(names, list | dict) else str(names)
