"""From code in the library and a source of data to a run that can be started."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from engine.data.sources import facts_of
from engine.data.specs import DATA_TASKS, DataFacts, DataSpec
from engine.errors import BadInput, Problem
from engine.models.imported.config_file import read_config
from engine.models.imported.inspection import Candidate, Inspection, inspect
from engine.models.imported.library import CodeLibrary
from engine.models.imported.matching import Matched, as_spec, matched
from engine.models.imported.spec import ImportedModel
from engine.presets import PRESETS
from engine.run_spec import RunSpec


@dataclass(frozen=True)
class Brought:
    """Code that was brought in, and what shows of it without running it."""

    code: str
    files: Mapping[str, bytes]
    found: Inspection
    config: Mapping[str, JsonValue]
    """What its config.json holds."""
    runs: Path
    """The runs folder that it is kept in."""


@dataclass(frozen=True)
class Fitted:
    """Code matched with data: what nothing is known of is missing in the model's arguments."""

    model: ImportedModel
    matched: Matched
    facts: DataFacts


@dataclass(frozen=True)
class Proposal:
    """A run of imported code, and where its arguments are from."""

    spec: RunSpec
    candidate: Candidate
    matched: Matched
    facts: DataFacts


def brought(library: CodeLibrary, code: str) -> Brought:
    """Look at code of the library.

    Raises:
        CodeRefused: when there is none of that hash, it was changed, or its config.json is damaged.
    """
    files = library.files(code)
    config = read_config(files["config.json"]) if "config.json" in files else {}
    return Brought(code, files, inspect(files), config, library.runs)


def fitted_to(
    seen: Brought, candidate: Candidate, data: DataSpec, block_size: int | None = None
) -> Fitted:
    """Match what a class or function is built with to config.json and data.

    `block_size` is the length that running texts are cut into; what the arguments say when None.

    Raises:
        NotLoadable: for data that was handed over in memory.
    """
    first = matched(candidate, seen.found, seen.config, None)
    model = as_spec(seen.code, candidate, first, block_size=block_size)
    facts = facts_of(data, model, seen.runs)
    filled = matched(candidate, seen.found, seen.config, facts)
    return Fitted(as_spec(seen.code, candidate, filled, block_size=model.block_size), filled, facts)


def proposed(library: CodeLibrary, code: str, data: str, entry: str = "") -> Proposal:
    """A run of this code on a bundled source of data, with the baseline's training.

    Raises:
        CodeRefused: when there is no such code, or its config.json is damaged.
        BadInput: when it cannot be loaded, when several classes may be meant, and when arguments
            are missing.
    """
    if data not in DATA_TASKS:
        raise BadInput([Problem("data", "no such data", repr(data), f"One of {_all(DATA_TASKS)}.")])
    seen = brought(library, code)
    candidate = chosen(seen.found, entry)
    blank = ImportedModel(code=code, file=candidate.file, entry=candidate.name)
    fitted = fitted_to(seen, candidate, _run(blank, data).data)
    if fitted.matched.missing:
        missing = fitted.matched.missing
        raise BadInput([Problem(f"model.arguments.{m.name}", m.said) for m in missing])
    return Proposal(_run(fitted.model, data), candidate, fitted.matched, fitted.facts)


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
