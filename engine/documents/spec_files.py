"""RunSpec and TrainingConfig as JSON files that people keep, send around and load again."""

from __future__ import annotations

from pathlib import Path

from engine.documents.versions import Versioned
from engine.errors import BadInput, Problem
from engine.run_spec import RunSpec
from engine.runs.files import write_whole
from engine.training_config import TrainingConfig

_MOST_BYTES = 10_000_000


class TrainingFile(Versioned):
    """What a file with a TrainingConfig holds: a RunSpec's `training` and the version."""

    training: TrainingConfig


def save(value: RunSpec | TrainingConfig, path: Path | str) -> None:
    """Write a JSON file that `load_spec` or `load_training` reads back to an equal value.

    Raises:
        BadInput: when the file cannot be written; what was there before is untouched.
    """
    document = value if isinstance(value, RunSpec) else TrainingFile(training=value)
    try:
        write_whole(Path(path), document.to_json() + "\n")
    except OSError as error:
        raise BadInput([_trouble(path, "written", error)]) from None


def load_spec(path: Path | str) -> RunSpec:
    """The RunSpec in a file, of this version or an earlier one.

    Raises:
        BadInput: with everything that is wrong with it.
    """
    return RunSpec.parse_json(_read(path))


def load_training(path: Path | str) -> TrainingConfig:
    """The TrainingConfig in a file, of this version or an earlier one.

    Raises:
        BadInput: with everything that is wrong with it.
    """
    return TrainingFile.parse_json(_read(path)).training


def _read(path: Path | str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise BadInput([_trouble(path, "read", error)]) from None
    if len(data) > _MOST_BYTES:
        message = f"the file is larger than {_MOST_BYTES // 1_000_000} MB"
        raise BadInput([Problem(str(path), message, remedy="Choose another file.")])
    return data


def _trouble(path: Path | str, done: str, error: OSError) -> Problem:
    return Problem(str(path), f"the file cannot be {done}: {error.strerror or error}")
