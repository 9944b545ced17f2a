"""A RunSpec as text: a JSON file, a command line, Python; and back from pasted JSON."""

from __future__ import annotations

import shlex
from pathlib import Path
from pprint import pformat

from components.form_schema import NOT_OFFERED
from engine.errors import BadInput, Problem
from engine.run_spec import RunSpec

FILE_NAME = "spec.json"


def as_json(spec: RunSpec) -> str:
    """What the file holds and the form reads back."""
    return spec.to_json()


def as_command(runs: Path) -> str:
    """The command that starts the run from the saved file."""
    return f"python -m engine train {FILE_NAME} --runs {shlex.quote(str(runs))}"


def as_python(spec: RunSpec, runs: Path) -> str:
    """A script that starts the same run."""
    document = pformat(spec.model_dump(mode="json"), width=88, sort_dicts=False)
    return (
        "from engine.launch.worker import train_spec\n"
        "from engine.run_spec import RunSpec\n\n"
        f"spec = RunSpec.parse(\n{_indented(document)}\n)\n\n"
        f"state = train_spec(spec, {str(runs)!r})\n"
        "print(state.status, state.best)\n"
    )


def from_json(text: str) -> RunSpec:
    """The spec that pasted JSON text holds.

    Raises:
        BadInput: with everything that is wrong, and for models and data that are not JSON.
    """
    spec = RunSpec.parse_json(text)
    problems = [
        Problem(path, f"{kind} exists only in the program that made it", remedy="Choose another.")
        for path, kind in (("model.kind", spec.model.kind), ("data.source", spec.data.source))
        if kind in NOT_OFFERED
    ]
    if problems:
        raise BadInput(problems)
    return spec


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
