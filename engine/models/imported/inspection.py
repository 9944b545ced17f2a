"""Inspection: what imported code holds and what of it is the model, found without running it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.errors import Problem
from engine.models.imported.requirements import Requirement, import_problems, requirements
from engine.models.imported.syntax import (
    ClassSeen,
    FileSeen,
    FunctionSeen,
    Parameter,
    module_of,
    read,
)

FACTORIES = ("build_model", "create_model", "make_model", "get_model")
"""Functions of these names build the model."""
_NAMED = ("Model", "Net", "Network")
_MODULES = ("PreTrainedModel", "LightningModule")
_NOT_MODULES = ("Parameter", "ParameterList", "ParameterDict")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A class or function that builds a model."""

    file: str
    name: str
    line: int
    is_factory: bool
    parameters: tuple[Parameter, ...]
    """What it is called with."""
    forward: tuple[Parameter, ...] | None
    """What the model is called with; None where that does not show."""
    text: str
    used: bool
    """Whether another class of the code uses it, as models use their layers."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is known of code that never ran."""

    files: tuple[FileSeen, ...]
    problems: tuple[Problem, ...]
    """Why it could not be loaded."""
    requirements: tuple[Requirement, ...]
    candidates: tuple[Candidate, ...]
    """Everything that may be the model, the likeliest first."""
    sure: bool
    """Whether only the first candidate can be meant; else the user is asked."""
    configs: Mapping[str, tuple[Parameter, ...]]
    """Classes that arguments can be handed over in, and their fields."""

    @property
    def why(self) -> str:
        """Why the first candidate is likely the model, or why that is not clear; as the end of a
        sentence."""
        if not self.candidates:
            return "nothing in it is a model"
        first = self.candidates[0]
        if not self.sure:
            return f"{len(self.candidates):,} classes and functions may be the model"
        if len(self.candidates) == 1:
            return "nothing else in the code is a model"
        if first.name in FACTORIES or first.name in _NAMED:
            what = "function" if first.is_factory else "class"
            return f"the {what} of the code that is called {first.name}"
        return "the only one that no other class of the code uses"

    @property
    def proposed(self) -> Candidate | None:
        return self.candidates[0] if self.candidates else None


def inspect(files: Mapping[str, bytes]) -> Inspection:
    """Look at code by its syntax tree alone."""
    seen = tuple(read(name, files[name]) for name in sorted(files) if name.endswith(".py"))
    broken = [file.problem for file in seen if file.problem is not None]
    candidates = sorted(_candidates(seen), key=_rank)
    problems = [*broken, *import_problems(seen, files)]
    if not candidates and not broken:
        message = "has no class that derives from torch.nn.Module, and no function that builds one"
        remedy = f"Name the function that builds the model {FACTORIES[0]!r}."
        problems.append(Problem("The code", message, remedy=remedy))
    return Inspection(
        files=seen,
        problems=tuple(problems),
        requirements=requirements(seen),
        candidates=tuple(candidates),
        sure=_is_sure(candidates),
        configs={c.name: c.fields for f in seen for c in f.classes if c.fields},
    )


def _rank(candidate: Candidate) -> tuple[object, ...]:
    """The likeliest first: a factory by its name, `Model`, what nothing else uses, what comes last
    in model.py."""
    named = candidate.name in FACTORIES or candidate.name in _NAMED
    order = (*FACTORIES, *_NAMED).index(candidate.name) if named else 99
    main = candidate.file.rpartition("/")[2] in ("model.py", "__init__.py")
    return (not named, order, candidate.used, not main, candidate.file.count("/"), -candidate.line)


def _is_sure(candidates: list[Candidate]) -> bool:
    if not candidates:
        return False
    first, rest = candidates[0], candidates[1:]
    if first.name in FACTORIES or first.name == _NAMED[0]:
        return all(other.name != first.name for other in rest)
    return all(other.used for other in rest) and not first.used


def _candidates(files: tuple[FileSeen, ...]) -> Iterator[Candidate]:
    classes = {f"{module_of(f.name)}.{c.name}".strip("."): c for f in files for c in f.classes}
    models = _modules(classes)
    used = {name for c in models.values() for name in c.uses - {c.name}}
    names = {c.name for c in models.values()}
    for model in models.values():
        yield Candidate(
            file=model.file,
            name=model.name,
            line=model.line,
            is_factory=False,
            parameters=_constructor(model, classes),
            forward=_forward(model, classes),
            text=model.text,
            used=model.name in used,
        )
    for file in files:
        for function in file.functions:
            if _builds(function, names):
                yield _factory(function, {c.name: c for c in models.values()}, classes)


def _factory(
    function: FunctionSeen, models: Mapping[str, ClassSeen], classes: Mapping[str, ClassSeen]
) -> Candidate:
    built = [models[name] for name in sorted(function.uses & set(models))]
    return Candidate(
        file=function.file,
        name=function.name,
        line=function.line,
        is_factory=True,
        parameters=function.parameters,
        forward=_forward(built[0], classes) if len(built) == 1 else None,
        text=function.text,
        used=False,
    )


def _builds(function: FunctionSeen, models: set[str]) -> bool:
    """Whether a function builds a model: by its name, or by what it says that it returns."""
    if function.name in FACTORIES:
        return True
    returned = function.returns.rpartition(".")[2]
    return function.returns == "torch.nn.Module" or returned in models


def _modules(classes: Mapping[str, ClassSeen]) -> dict[str, ClassSeen]:
    """Classes that derive from torch.nn.Module, directly or through others of the code."""
    found: dict[str, ClassSeen] = {}
    before = -1
    while len(found) != before:
        before = len(found)
        for path, seen in classes.items():
            if any(_is_module(base) or _own(base, seen, classes) in found for base in seen.bases):
                found[path] = seen
    return found


def _own(base: str, seen: ClassSeen, classes: Mapping[str, ClassSeen]) -> str:
    """The path of a base class among the code's own."""
    beside = f"{module_of(seen.file)}.{base}".strip(".")
    return beside if beside in classes else base


def _is_module(base: str) -> bool:
    last = base.rpartition(".")[2]
    in_torch = base.startswith("torch.nn.") and last[:1].isupper() and last not in _NOT_MODULES
    return in_torch or last in _MODULES


def _constructor(
    model: ClassSeen, classes: Mapping[str, ClassSeen], depth: int = 0
) -> tuple[Parameter, ...]:
    if model.constructor is not None:
        return model.constructor
    inherited = [classes.get(_own(base, model, classes)) for base in model.bases]
    for base in inherited:
        if base is not None and depth < 20:
            return _constructor(base, classes, depth + 1)
    return ()


def _forward(
    model: ClassSeen, classes: Mapping[str, ClassSeen], depth: int = 0
) -> tuple[Parameter, ...] | None:
    if model.forward is not None:
        return model.forward
    for base in model.bases:
        own = classes.get(_own(base, model, classes))
        if own is not None and depth < 20:
            return _forward(own, classes, depth + 1)
    return None
