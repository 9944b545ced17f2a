"""Saver: when checkpoints of an attempt are made, and that they reach a disk that may be full."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor, nn

from engine.checkpoint import CheckpointKeeper, Snapshot
from engine.checkpointing_pace import Pace
from engine.training_config import CheckpointingConfig

Contents = tuple[int, nn.Module, dict[str, Any], Mapping[str, Tensor] | None]
"""Step, model, the trainer's state, and the average of the weights where there is one."""


class Saved(Protocol):
    """The training whose checkpoints are made."""

    def contents(self) -> Contents:
        """Its present state, not copied."""

    def sync(self) -> None:
        """Put its metrics on the disk; raises OSError when that is full."""

    def hold(self, error: OSError) -> None:
        """Wait until there is disk space again."""

    def published(self, step: int, folder: Path) -> None:
        """Take note of a checkpoint that is whole."""

    def lost(self, step: int, error: OSError) -> None:
        """Take note of a checkpoint that could not be written, and will not be."""


class Saver:
    """Makes checkpoints, in the background where that is configured."""

    def __init__(
        self, keeper: CheckpointKeeper, config: CheckpointingConfig, pace: Pace, training: Saved
    ) -> None:
        self._keeper, self._background, self._pace = keeper, config.background, pace
        self._training = training
        self._begun: int | None = keeper.saved_step
        """The step of the newest checkpoint that was made or is being made."""

    def has(self, step: int) -> bool:
        """Whether this step has a checkpoint, or gets one just now."""
        return self._begun == step

    def due(self, step: int, trained_s: float) -> bool:
        """Whether the configured interval is over."""
        return self._pace.due(step, trained_s)

    def save(self, step: int, trained_s: float) -> None:
        """Make a checkpoint; in the background only the copying is waited for."""
        self.land()
        contents = self._training.contents()
        self._begun = step
        self._pace.saved(trained_s)
        if self._background:
            self._keeper.begin(self._keeper.snapshot(*contents), self._training.sync)
        else:
            self._write(Snapshot.borrowed(*contents))

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
                self._training.published(self._step(), folder)

    def give_up(self) -> None:
        """Training is over, one way or the other: tell how the last write ended."""
        self._keeper.wait()
        try:
            folder = self._keeper.finished()
        except OSError as error:
            self._training.lost(self._step(), error)
        else:
            if folder is not None:
                self._training.published(self._step(), folder)

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
                self._training.published(self._step(), folder)
                return

    def _step(self) -> int:
        assert self._begun is not None
        return self._begun
