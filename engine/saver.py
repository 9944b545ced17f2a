"""Saver: when checkpoints of an attempt are made, and that they reach a disk that may be full."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from engine.checkpoint import CheckpointKeeper, Snapshot
from engine.checkpointing_pace import Pace
from engine.remembered import Remembered
from engine.runs.reporter import RunReporter
from engine.training_config import CheckpointingConfig


class Saved(Protocol):
    """The training whose checkpoints are made."""

    def sync(self) -> None:
        """Put its metrics on the disk; raises OSError when that is full."""

    def hold(self, error: OSError) -> None:
        """Wait until there is disk space again."""

    def saved(self, step: int, folder: Path) -> None:
        """Take note of a checkpoint that is whole."""


class Saver:
    """Makes checkpoints, in the background where that is configured, and tells of them."""

    def __init__(
        self,
        keeper: CheckpointKeeper,
        config: CheckpointingConfig,
        pace: Pace,
        remembered: Remembered,
        reporter: RunReporter,
        training: Saved,
    ) -> None:
        self._keeper, self._background, self._pace = keeper, config.background, pace
        self._remembered, self._reporter, self._training = remembered, reporter, training
        self._begun: int | None = keeper.saved_step
        """The step of the newest checkpoint that was made or is being made."""
        self._kept: frozenset[int] = frozenset()
        """Steps whose checkpoints were worth keeping when it was begun."""

    def due(self, step: int) -> bool:
        """Whether the configured interval is over."""
        return self._pace.due(step, self._reporter.trained_s)

    def save(self) -> bool:
        """Make a checkpoint unless this step has one; in the background only copying is waited for.

        A full disk is waited for, too.
        """
        remembered, reporter = self._remembered, self._reporter
        step = remembered.loop.progress.step
        if self._begun == step:
            return False
        reporter.change(phase="saving")
        self.land()  # its successor is not written yet: what is kept is as it was
        self._kept = remembered.judge.kept_steps
        contents = remembered.contents(reporter.trained_s)
        self._begun = step
        self._pace.saved(reporter.trained_s)
        if self._background:
            self._keeper.begin(self._keeper.snapshot(*contents), self._training.sync)
        else:
            self._write(Snapshot.borrowed(*contents))
        reporter.change(phase="training")
        return True

    def poll(self) -> None:
        """Tell of a checkpoint that became whole in the meantime."""
        if self._keeper.busy:
            return
        try:
            folder = self._keeper.finished()
        except OSError as error:
            self._training.hold(error)
            assert self._keeper.failed is not None
            self._write(self._keeper.failed)
        else:
            if folder is not None:
                self._published(folder)

    def give_up(self) -> None:
        """Training is over, one way or the other: tell how the last write ended."""
        self._keeper.wait()
        try:
            folder = self._keeper.finished()
        except OSError as error:
            self._lost(error)
        else:
            if folder is not None:
                self._published(folder)

    def land(self) -> None:
        """Wait until nothing is being written any more."""
        self._keeper.wait()
        self.poll()

    def _write(self, snapshot: Snapshot) -> None:
        """Write here and now, and again after waiting as long as the disk is full."""
        while True:
            try:
                self._training.sync()
                folder = self._keeper.save(snapshot)
            except OSError as error:
                self._training.hold(error)
            else:
                self._published(folder)
                return

    def _published(self, folder: Path) -> None:
        """Delete what a checkpoint that is whole replaces, and tell of it."""
        assert self._begun is not None
        self._keeper.prune(self._kept | self._remembered.judge.kept_steps)
        # its own step: training went on while it was written
        self._reporter.event("checkpoint", f"Saved {folder.name}.", step=self._begun)
        self._training.saved(self._begun, folder)

    def _lost(self, error: OSError) -> None:
        reason = error.strerror or str(error)
        self._reporter.event("checkpoint-lost", f"Step {self._begun:,} was not saved: {reason}.")
