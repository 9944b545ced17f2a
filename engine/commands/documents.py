"""The RunSpec that the command line names: a file, stdin or a bundled example."""

from __future__ import annotations

import sys
from pathlib import Path

from engine.errors import BadInput, Problem
from engine.examples import EXAMPLES
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
    if not path.exists() and path.suffix != ".json":
        return example_spec(source)
    try:
        with path.open("rb") as file:
            return RunSpec.parse_json(_text(file.read(_MOST_BYTES + 1), source))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise BadInput([Problem("SPEC", f"cannot read the file: {reason}", source)]) from None


def example_spec(name: str) -> RunSpec:
    """The RunSpec of a bundled example.

    Raises:
        BadInput: for an unknown name, with those that there are.
    """
    if name not in EXAMPLES:
        remedy = f"Examples: {', '.join(EXAMPLES)}."
        raise BadInput([Problem("NAME", "no such example or file", repr(name), remedy)])
    return EXAMPLES[name].spec


def refuse_unrunnable(spec: RunSpec) -> None:
    """Say what would fail before anything is started.

    Raises:
        BadInput: with all that would.
    """


def _text(data: bytes, source: str) -> str:
    if len(data) > _MOST_BYTES:
        problem = Problem("SPEC", f"is larger than {_MOST_BYTES // 1_000_000} MB", source)
        raise BadInput([problem])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = Problem("SPEC", f"is not UTF-8 text: {error.reason} at byte {error.start}")
        raise BadInput([problem]) from None
