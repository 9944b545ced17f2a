"""What a user can cause, said in the user's words: what, got, allowed, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class EngineError(Exception):
    """A failure that the user can cause and mend. What only we can cause is an `assert`."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an input.

    `path` is the dotted name of the field (`training.optimizer.lr`), `message` says what is
    wrong, `got` shows the value met, `remedy` what to do.
    """

    path: str
    message: str
    got: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        sentence = self.message.rstrip(".")
        got = f" (got {self.got})" if self.got else ""
        remedy = f" {self.remedy}" if self.remedy else ""
        return f"{self.path}: {sentence}{got}.{remedy}"


class BadInput(EngineError):
    """A document that cannot be run, with everything that is wrong with it at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class UnknownRun(EngineError):
    """A run id that the store does not have."""

    def __init__(self, run_id: str, root: Path) -> None:
        super().__init__(f"No run {run_id!r} in {root}. Pick one from the Runs page.")


class DamagedRun(EngineError):
    """A run folder whose spec or state cannot be read."""

    def __init__(self, run_id: str, file: Path, reason: str) -> None:
        super().__init__(
            f"Run {run_id!r} is damaged: {file.name} cannot be read ({reason}). "
            "The other runs are not affected; move this one to the trash or restore the file."
        )


class UnreadableRun(DamagedRun):
    """A run of which the disk gives nothing just now, which may pass."""

    def __init__(self, run_id: str, file: Path, reason: str) -> None:
        EngineError.__init__(
            self,
            f"Run {run_id!r} cannot be read just now: {file.name} ({reason}). It is tried again; "
            "if this stays, look after the disk and the rights of the folder.",
        )


class ImportedRun(EngineError):
    """A run from elsewhere, of which there are points but nothing to train."""

    def __init__(self, run_id: str, source: str) -> None:
        super().__init__(
            f"Run {run_id!r} was imported from {source}, so there is no configuration to run "
            "again. Start a new run on the Launch page."
        )


class RunsFolderUnusable(EngineError):
    """The runs folder cannot be created or written."""

    def __init__(self, root: Path, reason: str) -> None:
        super().__init__(
            f"The runs folder {root} cannot be used ({reason}). "
            "Choose another with RUNS=/path make run, or --runs on the command line."
        )


class RunIsBusy(EngineError):
    """A second worker for a run that already has one."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"Run {run_id!r} is already being trained by another process.")


class CannotResume(EngineError):
    """A run in a state that resuming makes no sense for."""

    def __init__(self, run_id: str, reason: str) -> None:
        super().__init__(f"Run {run_id!r} cannot be resumed: {reason}")


class BadCheckpoint(EngineError):
    """A checkpoint folder that is truncated, changed or foreign."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"Checkpoint {folder.name} is refused: {reason}.")


class NoGoodCheckpoint(EngineError):
    """A run whose checkpoints are all damaged; beginning again would throw its curves away."""

    def __init__(self, root: Path, newest: BadCheckpoint) -> None:
        super().__init__(
            f"None of the run's checkpoints can be used. {newest} Restore the files, or delete "
            f"the checkpoints in {root} to begin again at step 0."
        )


class NonFiniteLoss(EngineError):
    """Training diverged: the loss or its gradient is not a finite number."""

    def __init__(self, step: int, metric: str, value: float) -> None:
        super().__init__(
            f"Training diverged at step {step}: {metric} became {value}. The weights were not "
            "changed by it, and the checkpoints from before are kept. Lower the learning rate, "
            "lengthen the warmup or clip the gradient norm, then start again."
        )
        self.metric = metric
        self.value = value


class NoTargets(EngineError):
    """An update from which nothing could be learned."""

    def __init__(self, step: int) -> None:
        super().__init__(
            f"No target counts in the batches of step {step:,}: all of them are -100, which marks "
            "padding, or their classes have no weight. Check the targets of the data, or use a "
            "larger batch."
        )


class NoSuchDevice(EngineError):
    """A device that this machine or this build of PyTorch does not have."""

    def __init__(self, wanted: str, available: Sequence[str]) -> None:
        super().__init__(
            f"hardware.device is {wanted!r}, but PyTorch finds only {', '.join(available)} here. "
            "Choose 'auto' or one of these."
        )
