"""CheckpointKeeper: the checkpoints of one run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

from torch import nn

from engine.checkpoint.folder import Checkpoint, folder_of, folders, latest, save
from engine.errors import BadCheckpoint, NoGoodCheckpoint
from engine.training_config import CheckpointingConfig


class CheckpointKeeper:
    """The checkpoints of one run: which there are, which are kept."""

    def __init__(self, root: Path, config: CheckpointingConfig) -> None:
        self._root = root
        self._config = config
        self.saved_step: int | None = None
        """The step of the newest checkpoint of this attempt."""

    def save(self, step: int, model: nn.Module, state: dict[str, Any]) -> Path:
        """Write a checkpoint; see `save`."""
        folder = save(self._root, step, model, state)
        self.saved_step = step
        return folder

    def open_latest(self) -> tuple[Checkpoint | None, list[BadCheckpoint]]:
        """The newest good checkpoint to resume from, and why newer ones were refused.

        What a killed writer left is removed; refused ones are kept aside under another name.

        Raises:
            NoGoodCheckpoint: when there are some but none is good; all are left as they are.
        """
        for part in self._root.glob("*.part"):
            shutil.rmtree(part)
        found, refused = latest(self._root)
        if found is None:
            if refused:
                raise NoGoodCheckpoint(self._root, refused[0])
            return None, []
        self.saved_step = found.step
        for folder in folders(self._root):
            if folder.name > found.folder.name:
                aside = folder.with_suffix(".refused")
                shutil.rmtree(aside, ignore_errors=True)
                os.replace(folder, aside)
        return found, refused

    def prune(self, best_steps: Collection[int]) -> None:
        """Delete all but the newest checkpoints and those of the given steps."""
        kept = {folder_of(self._root, step) for step in best_steps}
        for folder in folders(self._root)[: -self._config.keep_last]:
            if folder not in kept:
                _discard(folder)


def _discard(folder: Path) -> None:
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    os.replace(folder, part)  # from now on it is no checkpoint, even if we die
    shutil.rmtree(part)
