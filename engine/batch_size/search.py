"""The search for a batch size: doubles it in a process of its own until memory is used up."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import EngineError
from engine.launch.environment import child_environment
from engine.launch.launchers import APART
from engine.machine import machine_facts
from engine.run_spec import RunSpec

USED = 0.8
"""The share of the free memory that a batch may take."""
ENOUGH = 0.95
"""A batch size with this share of the best throughput is as good, and leaves memory free."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What one batch size took."""

    batch_size: int
    fits: bool
    memory_bytes: int | None = None
    """The most that the process, or the GPU's part of it, held at once; None where it failed."""
    samples_per_s: float | None = None


@dataclass(frozen=True, slots=True)
class BatchSizes:
    """All trials, smallest batch first."""

    trials: tuple[Trial, ...]

    @property
    def largest(self) -> int | None:
        """The largest that was tried and fits; None when not even one sample does."""
        return max((trial.batch_size for trial in self.trials if trial.fits), default=None)

    @property
    def suggested(self) -> int | None:
        """The smallest that is about as fast as any."""
        measured = {t.batch_size: t.samples_per_s for t in self.trials if t.samples_per_s}
        best = max(measured.values(), default=0.0)
        return min(
            (size for size, speed in measured.items() if speed >= ENOUGH * best), default=None
        )


class TrialsFailed(EngineError):
    """The measuring process ended for another reason than memory."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The batch size could not be measured: {reason}")


def adjusted(spec: RunSpec, batch_size: int) -> dict[str, object]:
    """Changes to a spec that use this batch size and keep, as nearly as whole numbers allow, the
    samples of one update: the learning rate stays right."""
    batching = spec.training.batching
    update = batching.batch_size * batching.accumulate
    return {
        "training.batching.batch_size": min(batch_size, update),
        "training.batching.accumulate": max(1, round(update / batch_size)),
    }


def usable_memory(spec: RunSpec, folder: Path) -> int:
    """Bytes that a batch may take on the run's device."""
    machine, wanted = machine_facts(folder), spec.training.hardware.device
    if machine.gpus and wanted in ("auto", "cuda"):
        return int(USED * max(gpu.memory_bytes for gpu in machine.gpus))
    return int(USED * machine.memory_available_bytes)


def find_batch_size(
    spec: RunSpec,
    runs: Path | None = None,
    *,
    memory_bytes: int,
    on_trial: Callable[[Trial], None] = lambda trial: None,
) -> BatchSizes:
    """Make a few updates with 1, 2, 4... samples until memory or data are used up, or it is slow.

    Each trial is a real update of the spec's model and optimizer in a process that may die of it.
    `runs` is where its dataset is, if it has one.

    Raises:
        TrialsFailed: when it fails for another reason.
    """
    if spec.model.kind in APART:
        what = "imported code" if spec.model.kind == "imported" else "a model of Hugging Face"
        raise TrialsFailed(f"{what} is not measured. Choose a size, and see what it takes.")
    command = [sys.executable, "-m", "engine", "batch-trials", str(memory_bytes)]
    if runs is not None:
        command += ["--runs", str(runs.resolve())]
    trials: list[Trial] = []
    with (
        tempfile.TemporaryFile("w+") as errors,  # a pipe that nobody reads would fill
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=child_environment(),
            text=True,
            cwd=Path(__file__).parents[2],
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(spec.model_dump_json())
        process.stdin.close()
        for line in process.stdout:
            trials.append(Trial(**json.loads(line)))
            on_trial(trials[-1])
        process.wait()
        errors.seek(0)
        said = errors.read().strip()
    return BatchSizes(_ended(trials, process.returncode, said))


def _ended(trials: Sequence[Trial], code: int, said: str) -> tuple[Trial, ...]:
    """The trials, with one more where the process was killed for its memory."""
    if code == 0:
        return tuple(trials)
    if code in (-9, 137) and trials:  # how Linux ends a process that took the last memory
        return (*trials, Trial(2 * trials[-1].batch_size, fits=False))
    raise TrialsFailed(said.splitlines()[-1] if said else f"its process ended with code {code}")
