"""Dry run: models that were brought in tried in a process of its own, with limits, before anything
is queued.

The child has a clean environment, the code's folder as its own, and is killed whole. No promise is
made about the network.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import psutil
from pydantic import JsonValue

from engine.frozen import Frozen
from engine.launch.environment import child_environment
from engine.models.hugging_face.library import HuggingFaceLibrary, read_held, take_along
from engine.models.imported.library import CODE, CodeLibrary
from engine.models.imported.limits import Limits
from engine.models.specs import HuggingFaceModel, ImportedModel, ModelSpec, foreign_code
from engine.run_spec import RunSpec
from engine.runs.store import RunStore

_ROOT = Path(__file__).parents[3]
_LOOK_S = 0.05
_KEPT_OUTPUT = 4_000
_STAGES = {
    "start": "starting Python",
    "ready": "starting",
    "load": "loading the data",
    "build": "importing and building the model",
    "update": "the first update",
}


Stage = Callable[[str], None]
"""Is told in words what is being done."""
_NOT_THEIRS = ("start", "ready", "load")
"""Stages before the code is run: they have as much time for themselves."""


class DryRun(Frozen):
    """What one real batch showed of a model."""

    ok: bool
    stage: str = ""
    """Where it failed: import, build, signature, forward, output, backward, time, memory, ended,
    cancelled."""
    message: str = ""
    """What failed, naming the shape or argument at fault."""
    lines: tuple[str, ...] = ()
    """The last lines of the traceback within the user's files."""
    found: tuple[str, ...] = ()
    """How the model is called, in sentences."""
    warnings: tuple[str, ...] = ()
    parameters: int | None = None
    trained_parameters: int | None = None
    loss: float | None = None
    grad_norm: float | None = None
    took_s: float | None = None
    output: str = ""
    """The end of what the code printed."""


def dry_run(store: RunStore, spec: RunSpec, limits: Limits | None = None) -> DryRun:
    """Try the model of a spec on one real batch.

    Raises:
        CodeRefused: when its code is not there, or nobody consented that it is run.
    """
    return dry_runs(store, [spec], limits)[0]


def dry_runs(
    store: RunStore,
    specs: Sequence[RunSpec],
    limits: Limits | None = None,
    *,
    on_stage: Stage = lambda words: None,
    cancelled: threading.Event | None = None,
) -> list[DryRun]:
    """Try several models one after another; a process that dies takes none but its model along.

    Once `cancelled` is set, the process is ended and the answer says so.

    Raises:
        CodeRefused: when code is not there, or nobody consented that it is run.
        ModelRefused: when the files of a model of Hugging Face are not there.
    """
    limits = limits or Limits()
    answers: list[DryRun] = []
    with ExitStack() as stack:
        jobs: list[dict[str, Any]] = []
        for spec in specs:
            folder = _place(spec.model, store.root, stack)
            jobs.append(
                {"spec": spec.model_dump(mode="json"), "code": str(folder), "runs": str(store.root)}
            )
        while len(answers) < len(jobs):
            with _Child(jobs[len(answers) :], limits, on_stage, cancelled) as child:
                answers += child.answers()
    return answers


def _place(model: ModelSpec, runs: Path, stack: ExitStack) -> Path:
    """A folder with the files of a model; of imported code a copy of its own."""
    code = foreign_code(model)
    if code is not None:
        CodeLibrary(runs).refuse_unless_allowed(code)
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="traindeck-code-"))) / CODE
    if isinstance(model, ImportedModel):
        CodeLibrary(runs).copy_to(model.code, folder)
        return folder
    assert isinstance(model, HuggingFaceModel), "only models that were brought in are tried"
    if model.content is None:
        folder.mkdir()
        return folder
    held = HuggingFaceLibrary(runs).folder(model.content)
    read_held(held, model.content)
    if not model.trusted:
        return held
    take_along(held, folder, model.content)
    return folder


class _Child:
    """One child process and what it says."""

    def __init__(
        self,
        jobs: Sequence[dict[str, Any]],
        limits: Limits,
        on_stage: Stage,
        cancelled: threading.Event | None,
    ) -> None:
        self._jobs, self._limits = jobs, limits
        self._on_stage, self._cancelled = on_stage, cancelled or threading.Event()
        self._lines: deque[dict[str, JsonValue]] = deque()
        self._printed = bytearray()
        self._word = secrets.token_hex(16)
        self._seen: set[psutil.Process] = set()
        self._stage, self._began = "start", time.monotonic()

    def __enter__(self) -> _Child:
        reading, writing = os.pipe()
        limits = self._limits
        numbers = (writing, limits.seconds, limits.memory_bytes, limits.file_bytes)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "engine.models.imported.child", *map(str, numbers)],
            cwd=self._jobs[0]["code"],
            env=child_environment() | {"PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(writing,),
            start_new_session=True,
        )
        os.close(writing)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._threads = [
            threading.Thread(target=self._read_answers, args=(os.fdopen(reading, "rb"),)),
            threading.Thread(target=self._read_output, args=(self._process.stdout,)),
        ]
        for thread in self._threads:
            thread.daemon = True  # what escaped the process's session may hold its pipes
            thread.start()
        with suppress(BrokenPipeError):  # it died at once; the answers tell
            asked = {"word": self._word, "jobs": list(self._jobs)}
            self._process.stdin.write(json.dumps(asked).encode())
            self._process.stdin.close()
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()
        for thread in self._threads:
            thread.join(2)

    def answers(self) -> Iterator[DryRun]:
        """One for each job until the process ends; the last one may tell how it ended."""
        given = 0
        while True:
            ended = self._has_ended()
            for answer in self._given():
                given += 1
                yield answer
            if given == len(self._jobs):
                return
            failure = self._failure(ended, self._took_s)
            if failure:
                what, how = failure
                message = f"{how} while it was {self._doing}."
                yield self._answer({"ok": False, "stage": what, "message": message})
                return
            time.sleep(_LOOK_S)

    @property
    def _doing(self) -> str:
        return _STAGES.get(self._stage, self._stage)

    @property
    def _took_s(self) -> float:
        return time.monotonic() - self._began

    def _has_ended(self) -> bool:
        """Whether the process has ended; then all that it said is there."""
        if self._process.poll() is None:
            return False
        for thread in self._threads:
            thread.join(1)
        return True

    def _given(self) -> Iterator[DryRun]:
        """The answers that have come since the last look."""
        while self._lines:
            line = self._lines.popleft()
            self._stage = str(line.get("stage", self._stage))
            self._on_stage(self._doing)
            if "answer" in line:
                yield self._answer(line["answer"])
                self._printed.clear()
            if "answer" in line or self._stage in _NOT_THEIRS:
                self._began = time.monotonic()

    def _failure(self, ended: bool, took_s: float) -> tuple[str, str] | None:
        """Why the process is given up, if it is."""
        if self._cancelled.is_set():
            return "cancelled", "It was cancelled"
        if ended:
            return "ended", f"The process ended by itself ({_code(self._process.returncode)})"
        if took_s > self._limits.seconds:
            return "time", f"It took more than {self._limits.seconds:g} seconds"
        family = _family(self._process.pid)
        self._seen |= set(family)
        if _memory_of(family) > self._limits.memory_bytes:
            gigabytes = self._limits.memory_bytes / 1e9
            return "memory", f"It took more than {gigabytes:,.1f} GB of memory"
        return None

    def _answer(self, answer: JsonValue) -> DryRun:
        assert isinstance(answer, dict)
        output = bytes(self._printed).decode(errors="replace")
        return DryRun.parse({**answer, "took_s": self._took_s, "output": output})

    def _read_answers(self, pipe: IO[bytes]) -> None:
        with pipe:
            for line in pipe:
                with suppress(ValueError):  # the code itself may write there too
                    found = json.loads(line)
                    if isinstance(found, dict) and found.get("word") == self._word:
                        self._lines.append(found)

    def _read_output(self, pipe: IO[bytes]) -> None:
        """Keep the end of what is printed, however much it is."""
        with pipe:
            while chunk := os.read(pipe.fileno(), 1 << 16):
                self._printed += chunk
                del self._printed[:-_KEPT_OUTPUT]

    def _kill(self) -> None:
        """End the process and everything that it has started."""
        family = self._seen | set(_family(self._process.pid))
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait()


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _memory_of(family: Sequence[psutil.Process]) -> int:
    total = 0
    for process in family:
        with suppress(psutil.NoSuchProcess):
            total += int(process.memory_info().rss)
    return total


def _code(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"
