"""A health check in a process of its own, which a command or a screen starts, looks at and ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory, TemporaryFile
from typing import IO

from engine.health.names import NAMES
from engine.health.report import Finding
from engine.launch.environment import child_environment
from engine.models.imported.library import CODE, CodeLibrary, CodeRefused
from engine.models.imported.spec import ImportedModel
from engine.run_spec import RunSpec
from engine.runs.store import RunStore

LIMIT_S = 120.0
"""After so long in one check the process is ended: checks are bounded to seconds, so only a model
that is endless, or far too large for this machine, takes as long."""
_ENDING_S = 5.0
_ROOT = Path(__file__).parents[2]


class HealthCheck:
    """A health check that runs; made by `start`.

    It holds a process, two open files and a folder until it is over or `cancel` is called.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        out: IO[bytes],
        err: IO[bytes],
        folder: TemporaryDirectory[str],
        names: Sequence[str],
    ) -> None:
        self._process, self._out, self._err, self._folder = process, out, err, folder
        self._heard_at = time.monotonic()
        self._rest = b""
        self.names = tuple(names)
        """The checks that will be made, in their order."""
        self.findings: list[Finding] = []
        """What was found so far."""
        self.current = ""
        """Name of the check that is being made; empty before the first and after the last."""
        self.digest = ""
        """Under what the report is kept, once it is; a report is always of all checks."""
        self.problem = ""
        """Why it did not come to its end, in words; empty while there is nothing wrong."""
        self.done = False
        """Whether it is over, by itself or not."""

    def poll(self) -> bool:
        """Take what is new since the last call; whether it is over."""
        if self.done:
            return True
        over = self._process.poll() is not None  # asked first: what it wrote last is read below
        self._read()
        if over:
            self._finish()
        elif time.monotonic() > self._heard_at + LIMIT_S:
            where = self._during() or " while the model was built and tried"
            self._end(f"It was ended after {LIMIT_S:.0f} s{where}.")
        return self.done

    def cancel(self) -> None:
        """End it now; what was found so far stays."""
        if not self.done:
            self._end("It was cancelled.")

    def _during(self) -> str:
        return f" during the check {NAMES[self.current].title!r}" if self.current else ""

    def _read(self) -> None:
        *lines, self._rest = (self._rest + self._out.read()).split(b"\n")
        for line in lines:
            try:
                said = json.loads(line)
            except ValueError:  # a library of the model's wrote something past Python's streams
                continue
            if isinstance(said, dict):
                self._take(said)

    def _take(self, said: dict[str, object]) -> None:
        self._heard_at = time.monotonic()
        match said.pop("kind", ""):
            case "begun":
                self.current = str(said["check"])
            case "finding":
                self.findings.append(Finding.parse(said))
                self.current = ""
            case "report":
                self.digest = str(said["digest"])

    def _finish(self) -> None:
        self.done = True
        unkept = len(self.names) == len(NAMES) and not self.digest
        if len(self.findings) < len(self.names) or unkept:
            self._err.seek(0)
            said = self._err.read().decode(errors="replace").strip().splitlines()
            code = self._process.returncode
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            words = said[-1] if said else f"its process ended with {how}."
            self.problem = f"The health check broke off{self._during()}: {words}"
        self._close()

    def _end(self, problem: str) -> None:
        """The process and all that it started: it leads a session of its own."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(_ENDING_S)
        self._read()
        self.problem, self.done = problem, True
        self._close()

    def _close(self) -> None:
        self._out.close()
        self._err.close()
        self._folder.cleanup()


def start(store: RunStore, spec: RunSpec, names: Sequence[str] = tuple(NAMES)) -> HealthCheck:
    """Examine the model of a spec; the report of all checks goes to the runs folder.

    Call `poll` on what is given until it is `done`, or `cancel`. Code of an imported model runs
    there with a clean environment, its own copy of its files and limits of time and memory.

    Raises:
        CodeRefused: when imported code is not there, or nobody consented that it is run.
    """
    command = [sys.executable, "-P", "-m", "engine", "health-child", "--runs", str(store.root)]
    command += [part for name in names for part in ("--only", name)]
    folder = TemporaryDirectory(prefix="traindeck-health-")
    place = _ROOT
    if isinstance(spec.model, ImportedModel):
        place = Path(folder.name) / CODE
        command += ["--code", str(place)]
        try:
            library = CodeLibrary(store.root)
            library.refuse_unless_allowed(spec.model.code)
            library.copy_to(spec.model.code, place)
        except CodeRefused:
            folder.cleanup()
            raise
    err = TemporaryFile()  # noqa: SIM115 - closed when the check is over
    # Files, not pipes: nobody has to read them for the process to go on.
    with TemporaryFile() as given, NamedTemporaryFile() as written:
        given.write(spec.model_dump_json().encode())
        given.seek(0)
        process = subprocess.Popen(
            command,
            stdin=given,
            stdout=written,
            stderr=err,
            env=child_environment() | {"PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            cwd=place,
            start_new_session=True,
        )
        out = Path(written.name).open("rb")  # noqa: SIM115 - closed when the check is over
    return HealthCheck(process, out, err, folder, names)
