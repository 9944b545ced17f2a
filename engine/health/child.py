"""A health check in a process of its own, which a command or a screen starts, looks at and ends."""

from __future__ import annotations

from collections.abc import Sequence

from engine.health.names import NAMES
from engine.health.report import Finding
from engine.launch.beside import Beside
from engine.run_spec import RunSpec
from engine.runs.store import RunStore

LIMIT_S = 120.0
"""After so long in one check the process is ended: checks are bounded to seconds, so only a model
that is endless, or far too large for this machine, takes as long."""


class HealthCheck(Beside):
    """A health check that runs: call `poll` until it is `done`, or `cancel`."""

    called = "The health check"
    beginning = " while the model was built and tried"

    def __init__(self, store: RunStore, spec: RunSpec, names: Sequence[str]) -> None:
        only = [part for name in names for part in ("--only", name)]
        super().__init__(store, spec, ["health-child", *only])
        self.names = tuple(names)
        """The checks that will be made, in their order."""
        self.findings: list[Finding] = []
        """What was found so far."""
        self.current = ""
        """Name of the check that is being made; empty before the first and after the last."""
        self.digest = ""
        """Under what the report is kept, once it is; a report is always of all checks."""

    @property
    def limit_s(self) -> float:
        return LIMIT_S

    def _during(self) -> str:
        return f" during the check {NAMES[self.current].title!r}" if self.current else ""

    def _take(self, said: dict[str, object]) -> None:
        match said.pop("kind", ""):
            case "begun":
                self.current = str(said["check"])
            case "finding":
                self.findings.append(Finding.parse(said))
                self.current = ""
            case "report":
                self.digest = str(said["digest"])

    def _is_whole(self) -> bool:
        unkept = len(self.names) == len(NAMES) and not self.digest
        return len(self.findings) == len(self.names) and not unkept


def start(store: RunStore, spec: RunSpec, names: Sequence[str] = tuple(NAMES)) -> HealthCheck:
    """Examine the model of a spec; the report of all checks goes to the runs folder.

    Code of an imported model runs there with a clean environment, its own copy of its files and
    limits of time and memory.

    Raises:
        CodeRefused: when imported code is not there, or nobody consented that it is run.
    """
    return HealthCheck(store, spec, names)
