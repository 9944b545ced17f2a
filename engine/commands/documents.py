"""The RunSpec that the command line names: a file, stdin or a bundled example."""

from __future__ import annotations

import sys
from pathlib import Path

from engine.commands.console import remark
from engine.commands.told import Told
from engine.data.sources import NotLoadable, facts_of
from engine.data.specs import DataFacts
from engine.errors import BadInput, Problem
from engine.examples import EXAMPLES
from engine.machine import machine_facts
from engine.models.hugging_face.readiness import misfits
from engine.models.imported.library import in_the_way
from engine.models.imported.readiness import remarks
from engine.models.specs import HuggingFaceModel
from engine.preflight import preflight, refuse_errors
from engine.run_spec import RunSpec

_MOST_BYTES = 10_000_000


def read_spec(source: str) -> RunSpec:
    """The document named by `source`: '-' is stdin, an example's name comes before a file's.

    Raises:
        BadInput: with everything that is wrong with it.
    """
    if source == "-":
        return RunSpec.parse_json(_text(sys.stdin.buffer.read(_MOST_BYTES + 1), source))
    if source in EXAMPLES:
        return EXAMPLES[source].spec
    path = Path(source)
    try:
        if path.suffix != ".json" and not path.exists():
            raise _unknown("SPEC", "no such file or example", source)
        with path.open("rb") as file:
            return RunSpec.parse_json(_text(file.read(_MOST_BYTES + 1), source))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        problem = Problem("SPEC", f"cannot read the file: {reason}", repr(source))
        raise BadInput([problem]) from None


def example_spec(name: str) -> RunSpec:
    """The RunSpec of a bundled example.

    Raises:
        BadInput: for an unknown name, with those that there are.
    """
    if name not in EXAMPLES:
        raise _unknown("NAME", "no such example", name)
    return EXAMPLES[name].spec


def _unknown(what: str, message: str, name: str) -> BadInput:
    remedy = f"Examples: {', '.join(EXAMPLES)}."
    return BadInput([Problem(what, message, repr(name), remedy)])


def checked_facts(spec: RunSpec, runs: Path) -> DataFacts:
    """What is known about the data of a run that can be trained here; warnings are remarked.

    Raises:
        BadInput: with everything that would make the run fail.
    """
    try:
        facts = facts_of(spec.data, spec.model, runs, Told())
    except NotLoadable as error:
        raise BadInput([Problem("data.source", str(error))]) from None
    findings = preflight(spec, facts, machine_facts(runs))
    refuse_errors(findings)
    refused = [*in_the_way(spec.model, runs)]
    if isinstance(spec.model, HuggingFaceModel):
        refused += misfits(spec.model, facts)
    if refused:
        raise BadInput(refused)
    doubts = remarks(spec.model, runs, facts)
    for warning in (*(finding.problem for finding in findings), *doubts):
        remark(f"Warning: {warning}")
    return facts


def _text(data: bytes, source: str) -> str:
    if len(data) > _MOST_BYTES:
        message = f"larger than {_MOST_BYTES // 1_000_000} MB"
        raise BadInput([Problem("SPEC", message, repr(source))])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"not UTF-8 text: {error.reason} at byte {error.start}"
        raise BadInput([Problem("SPEC", message)]) from None
