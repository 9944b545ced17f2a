"""Setup: what was chosen of how a dataset is trained on, kept beside the runs for all tabs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import JsonValue

from components.form_schema import value_at
from engine.data.library.dataset import Dataset
from engine.data.library.proposal import proposed
from engine.data.library.roles import guessed_task
from engine.data.library.spec import DatasetSpec
from engine.errors import EngineError
from engine.frozen import Frozen
from engine.runs.files import write_whole
from engine.task_spec import TaskKind


class Setup(Frozen):
    """Choices; all else is as it is proposed for the task."""

    task: TaskKind | None = None
    """None for the one that the dataset seems to be for."""
    split: dict[str, JsonValue] | None = None
    tokenizer: dict[str, JsonValue] | None = None
    text: dict[str, JsonValue] = {}
    image: dict[str, JsonValue] = {}
    table: dict[str, JsonValue] = {}
    separator: str = ""


def spec_of(dataset: Dataset, setup: Setup) -> DatasetSpec:
    """What a run is given.

    Raises:
        BadInput: when no task is known, and for values that are out of their bounds.
    """
    base = proposed(dataset, setup.task or guessed_task(dataset.columns)).model_dump(mode="json")
    if setup.split is not None:
        base["split"] = setup.split
    if setup.tokenizer is not None:
        base["text"]["tokenizer"] = setup.tokenizer
    for part, chosen in (("text", setup.text), ("image", setup.image), ("table", setup.table)):
        base[part] |= chosen
    return DatasetSpec.parse(base | {"separator": setup.separator})


def changed(setup: Setup, path: str, value: Any) -> Setup:
    """Another choice at a path such as 'text.length'; those of another task are given up."""
    document = setup.model_dump(mode="json")
    if path == "task":
        return Setup(task=value)
    part, _, name = path.partition(".")
    if part in ("split", "tokenizer"):
        kept = dict(value_at(document, part) or {})
        document[part] = {**kept, name: value} if name else value
    elif name:
        document[part] = {**document[part], name: value}
    else:
        document[part] = value
    return Setup.parse(document)


class SetupFile:
    """The setup of one dataset in the runs folder."""

    def __init__(self, root: Path, fingerprint: str) -> None:
        self._path = root / ".workspace" / "data" / f"{fingerprint}.json"

    def read(self) -> Setup:
        """What was kept; the usual when there is nothing.

        Raises:
            EngineError: when it cannot be read, or is not one.
        """
        try:
            return Setup.parse_json(self._path.read_bytes())
        except FileNotFoundError:
            return Setup()
        except OSError as error:
            raise EngineError(f"{self._path}: {error.strerror or error}") from None

    def set_aside(self) -> Path:
        """Move a damaged one out of the way, so that nothing chosen is lost; where to.

        Raises:
            OSError: when the folder cannot be written.
        """
        return self._path.replace(self._path.with_suffix(".damaged.json"))

    def write(self, setup: Setup) -> None:
        """Keep it.

        Raises:
            OSError: when the disk is full or the folder cannot be written.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(self._path, setup.to_json())

    def remove(self) -> None:
        """Forget it."""
        self._path.unlink(missing_ok=True)
