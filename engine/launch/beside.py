"""Beside: a command of the engine in a process of its own, looked at and ended by whoever waits."""

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

from engine.launch.environment import child_environment
from engine.models.hugging_face.library import HuggingFaceLibrary
from engine.models.imported.library import CODE, CodeLibrary, CodeRefused
from engine.models.specs import HuggingFaceModel, ImportedModel, ModelSpec, foreign_code
from engine.run_spec import RunSpec
from engine.runs.store import RunStore

LIMIT_S = 120.0
"""A process that has said nothing for so long is ended."""
_ENDING_S = 5.0
_ROOT = Path(__file__).parents[2]


def refuse_unless_allowed(root: Path, model: ModelSpec) -> None:
    """Do nothing if the code that a model came with may be run, or there is none.

    Raises:
        CodeRefused: when the setting keeps it from being run, or nobody consented.
    """
    code = foreign_code(model)
    if code is not None:
        CodeLibrary(root).refuse_unless_allowed(code)


class Beside:
    """A process that is given a spec and says, as lines of JSON, what it comes to.

    It holds a process, two open files and a folder until it is over or `cancel` is called. Code
    of an imported model runs there with a clean environment and its own copy of its files.

    Raises:
        CodeRefused: when imported code is not there, or nobody consented that it is run.
    """

    called = "The process"
    """What a screen calls it."""
    beginning = ""
    """With a blank before it, what it is at before it has said anything."""

    def __init__(self, store: RunStore, spec: RunSpec, command: Sequence[str]) -> None:
        refuse_unless_allowed(store.root, spec.model)
        self._folder = TemporaryDirectory(prefix="traindeck-beside-")
        parts = [sys.executable, "-P", "-m", "engine", *command, "--runs", str(store.root)]
        place, library = _ROOT, CodeLibrary(store.root)
        if isinstance(spec.model, ImportedModel):
            place = Path(self._folder.name) / CODE
            parts += ["--code", str(place)]
            try:
                library.copy_to(spec.model.code, place)
            except CodeRefused:
                self._folder.cleanup()
                raise
        elif isinstance(spec.model, HuggingFaceModel) and spec.model.content is not None:
            parts += ["--code", str(HuggingFaceLibrary(store.root).folder(spec.model.content))]
        self._err = TemporaryFile()  # noqa: SIM115 - closed when it is over
        # Files, not pipes: nobody has to read them for the process to go on.
        with TemporaryFile() as given, NamedTemporaryFile() as written:
            given.write(spec.model_dump_json().encode())
            given.seek(0)
            self._process = subprocess.Popen(
                parts,
                stdin=given,
                stdout=written,
                stderr=self._err,
                env=child_environment()
                | {"PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
                cwd=place,
                start_new_session=True,
            )
            self._out: IO[bytes] = Path(written.name).open("rb")  # noqa: SIM115 - as above
        self._heard_at = time.monotonic()
        self._rest = b""
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
        elif time.monotonic() > self._heard_at + self.limit_s:
            where = self._during() or self.beginning
            self._end(f"It was ended after {self.limit_s:.0f} s{where}.")
        return self.done

    def cancel(self) -> None:
        """End it now; what was found so far stays."""
        if not self.done:
            self._end("It was cancelled.")

    @property
    def limit_s(self) -> float:
        """After so many seconds without a word it is ended."""
        return LIMIT_S

    def _take(self, said: dict[str, object]) -> None:
        """One thing that it has said."""
        raise NotImplementedError

    def _is_whole(self) -> bool:
        """Whether it has said all that it was started for."""
        raise NotImplementedError

    def _during(self) -> str:
        """With a blank before it, what it is at."""
        return ""

    def _read(self) -> None:
        *lines, self._rest = (self._rest + self._out.read()).split(b"\n")
        for line in lines:
            try:
                said = json.loads(line)
            except ValueError:  # a library of the model's wrote something past Python's streams
                continue
            if isinstance(said, dict):
                self._heard_at = time.monotonic()
                self._take(said)

    def _finish(self) -> None:
        self.done = True
        if not self._is_whole() and not self.problem:
            self._err.seek(0)
            said = self._err.read().decode(errors="replace").strip().splitlines()
            code = self._process.returncode
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            words = said[-1] if said else f"its process ended with {how}."
            self.problem = f"{self.called} broke off{self._during()}: {words}"
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
