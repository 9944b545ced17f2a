"""A structure measured in a process of its own, which a screen starts, looks at and ends."""

from __future__ import annotations

from engine.launch.beside import Beside
from engine.run_spec import RunSpec
from engine.runs.store import RunStore


class Measurement(Beside):
    """A measurement that runs: call `poll` until it is `done`, or `cancel`.

    Raises:
        CodeRefused: when imported code is not there, or nobody consented that it is run.
    """

    called = "The measurement"

    def __init__(self, store: RunStore, spec: RunSpec) -> None:
        super().__init__(store, spec, ["structure-child"])
        self.digest = ""
        """Under what the structure is kept, once it is."""

    def _take(self, said: dict[str, object]) -> None:
        match said.get("kind"):
            case "structure":
                self.digest = str(said["digest"])
            case "problem":
                self.problem = str(said["text"])

    def _is_whole(self) -> bool:
        return bool(self.digest)
