"""CheckpointKeeper: the checkpoints of one run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from engine.checkpoint.folder import Checkpoint, latest, remove, save
from engine.checkpoint.snapshot import Snapshot
from engine.errors import BadCheckpoint, NoGoodCheckpoint
from engine.runs.checkpoint_files import folder_of, folders
from engine.training_config import CheckpointingConfig


class CheckpointKeeper:
    """Which there are, which are kept, and a thread that writes one while training goes on."""

    def __init__(self, root: Path, config: CheckpointingConfig) -> None:
        self._root = root
        self._config = config
        self._writing: tuple[Snapshot, Future[Path]] | None = None
        self._buffers: list[Tensor] = []
        self.saved_step: int | None = None
        """The step of the newest checkpoint of this attempt."""
        self.failed: Snapshot | None = None
        """What could not be written in the background, so that it can be written again."""

    def snapshot(
        self,
        step: int,
        model: nn.Module,
        state: dict[str, Any],
        average: Mapping[str, Tensor] | None = None,
    ) -> Snapshot:
        """A copy to be given to `begin`, in the memory of the one before, which is overwritten."""
        assert self._writing is None, "ask finished() for the last one first"
        return Snapshot.of(step, model, state, average, buffers=self._buffers)

    def save(self, snapshot: Snapshot) -> Path:
        """Write a checkpoint now, after the one that is being written; see `save`."""
        self.wait()
        return self._save(snapshot)

    def begin(self, snapshot: Snapshot, before: Callable[[], None]) -> None:
        """Write a checkpoint on a thread of its own, where ``before`` is called first.

        One at a time, and the next only when `finished` has told how the last one ended. Python
        waits for the thread before it exits.
        """
        assert self._writing is None, "ask finished() for the last one first"

        def work() -> Path:
            before()
            return self._save(snapshot)

        self.failed = None
        executor = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._writing = snapshot, executor.submit(work)
        executor.shutdown(wait=False)  # the thread ends with its work

    @property
    def busy(self) -> bool:
        """Whether a checkpoint is being written in the background."""
        return self._writing is not None and not self._writing[1].done()

    def finished(self) -> Path | None:
        """The checkpoint that was written in the background since the last call, if any was.

        Raises:
            OSError: when it could not be written; it is in `failed`.
        """
        if self._writing is None or not self._writing[1].done():
            return None
        (snapshot, written), self._writing = self._writing, None
        if written.exception() is not None:
            self.failed = snapshot
            self._buffers = []  # they are its own now
        return written.result()

    def wait(self) -> None:
        """Return when nothing is being written any more; `finished` tells how that ended."""
        if self._writing is not None:
            wait([self._writing[1]])

    def open_latest(self) -> tuple[Checkpoint | None, list[BadCheckpoint]]:
        """The newest good checkpoint to resume from, and why newer ones were refused.

        What a killed writer left is removed; refused ones are kept aside under another name.

        Raises:
            NoGoodCheckpoint: when there are some but none is good; all are left as they are.
        """
        self.wait()
        for part in self._root.glob("*.part"):
            remove(part)
        found, refused = latest(self._root)
        if found is None:
            if refused:
                raise NoGoodCheckpoint(self._root, refused[0])
            return None, []
        self.saved_step = found.step
        for folder in folders(self._root):
            if folder.name > found.folder.name:
                aside = folder.with_suffix(".refused")
                remove(aside)
                os.replace(folder, aside)
        return found, refused

    def prune(self, best_steps: Collection[int]) -> None:
        """Delete all but the newest checkpoints and those of the given steps."""
        kept = {folder_of(self._root, step) for step in best_steps}
        for folder in folders(self._root)[: -self._config.keep_last]:
            if folder not in kept:
                _discard(folder)

    def _save(self, snapshot: Snapshot) -> Path:
        folder = save(self._root, snapshot)
        self.saved_step = snapshot.step
        return folder


def _discard(folder: Path) -> None:
    part = folder.with_suffix(".part")
    remove(part)
    os.replace(folder, part)  # from now on it is no checkpoint, even if we die
    shutil.rmtree(part)
