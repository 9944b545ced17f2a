"""One checkpoint: a folder that either is whole and verified or does not exist."""

from __future__ import annotations

import errno
import os
import pickle
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from engine.checkpoint.snapshot import Snapshot, untied
from engine.errors import BadCheckpoint
from engine.runs.checkpoint_files import (
    AVERAGE,
    STATE,
    WEIGHTS,
    folder_of,
    folders,
    verify,
    write_manifest,
)
from engine.runs.files import sync_folder

_UNREADABLE = (
    pickle.UnpicklingError,
    RuntimeError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
)
"""What torch.load raises for files that torch.save did not write, as bent bits have shown."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A verified checkpoint folder."""

    folder: Path
    step: int
    has_average: bool = False

    def restore_model(self, model: nn.Module) -> None:
        """Load the weights into a model of the same architecture.

        Raises:
            BadCheckpoint: when names or shapes do not fit.
        """
        weights = self._tensors(WEIGHTS)
        tied = untied(model)[1]
        weights |= {first: weights[name] for name, first in tied.items() if name in weights}
        weights |= {name: weights[first] for name, first in tied.items() if first in weights}
        try:
            model.load_state_dict(weights)
        except RuntimeError as error:
            raise BadCheckpoint(self.folder, f"its weights do not fit the model: {error}") from None

    def average(self) -> dict[str, Tensor] | None:
        """The average of the weights by the names of the parameters; None when none was kept."""
        return self._tensors(AVERAGE) if self.has_average else None

    def trainer_state(self) -> dict[str, Any]:
        """Optimizer, progress and random states; read without unpickling code.

        Raises:
            BadCheckpoint: when it holds anything but tensors and plain data.
        """
        return self._state(mmap=False)

    def refuse_unreadable(self) -> None:
        """Do nothing when all files can be read; what they hold is not loaded yet.

        Raises:
            BadCheckpoint: when one cannot, although it is what its manifest says.
        """
        self._state(mmap=True)
        for name in (WEIGHTS, AVERAGE) if self.has_average else (WEIGHTS,):
            try:
                with safe_open(self.folder / name, "pt"):
                    pass
            except SafetensorError as error:
                raise self._unreadable(name, error) from None

    def _state(self, *, mmap: bool) -> dict[str, Any]:
        try:
            state = torch.load(
                self.folder / STATE, map_location="cpu", weights_only=True, mmap=mmap
            )
        except _UNREADABLE as error:
            raise self._unreadable(STATE, error) from None
        if not isinstance(state, dict):
            raise BadCheckpoint(self.folder, f"{STATE} does not hold a trainer's state")
        return state

    def _tensors(self, name: str) -> dict[str, Tensor]:
        try:
            return dict(load_file(self.folder / name))
        except SafetensorError as error:
            raise self._unreadable(name, error) from None

    def _unreadable(self, name: str, error: Exception) -> BadCheckpoint:
        return BadCheckpoint(self.folder, f"{name} cannot be read safely: {error}")


def verified(folder: Path) -> Checkpoint:
    """The checkpoint in a folder, every byte compared with its manifest.

    Raises:
        BadCheckpoint: for a missing, truncated, changed or foreign one.
    """
    manifest = verify(folder)
    return Checkpoint(folder, manifest.step, AVERAGE in manifest.digests)


def latest(root: Path) -> tuple[Checkpoint | None, list[BadCheckpoint]]:
    """The newest good checkpoint, and why newer ones were refused."""
    refused: list[BadCheckpoint] = []
    for folder in reversed(folders(root)):
        try:
            found = verified(folder)
            found.refuse_unreadable()
        except BadCheckpoint as error:
            refused.append(error)
        else:
            return found, refused
    return None, refused


def save(root: Path, snapshot: Snapshot) -> Path:
    """Write a checkpoint under ``root``; it appears only when all of it is on the disk.

    A good checkpoint of this step is left as it is: the state of a step is always the same.

    Raises:
        OSError: when it cannot be written; what was there before is untouched.
    """
    folder = folder_of(root, snapshot.step)
    if _is_good(folder):
        return folder
    part = root / f"{folder.name}.part"
    remove(part)
    try:
        part.mkdir(mode=0o700)
        write_manifest(part, snapshot.step, _write_files(part, snapshot))
        sync_folder(part)
        remove(folder)
        os.replace(part, folder)
        sync_folder(root)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return folder


def remove(path: Path) -> None:
    """Delete whatever is there, if anything; a link itself, not what it leads to."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=not path.exists())


def _write_files(part: Path, snapshot: Snapshot) -> list[str]:
    _write_tensors(part / WEIGHTS, snapshot.weights, snapshot.tied)
    _write_state(part / STATE, snapshot.state)
    if snapshot.average is None:
        return [WEIGHTS, STATE]
    _write_tensors(part / AVERAGE, snapshot.average)
    return [WEIGHTS, STATE, AVERAGE]


def _write_tensors(
    path: Path, tensors: dict[str, Tensor], tied: dict[str, str] | None = None
) -> None:
    """Write tensors as safetensors, which keeps what is tied as a remark.

    Raises:
        OSError: also where safetensors has an error of its own for it.
    """
    try:
        save_file(tensors, str(path), metadata=tied)
    except SafetensorError as error:
        full = f"os error {errno.ENOSPC}" in str(error)
        code = errno.ENOSPC if full else errno.EIO
        raise OSError(code, os.strerror(code), str(path)) from error


def _write_state(path: Path, state: dict[str, Any]) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        sink = _Sink(handle)
        torch.save(state, sink)  # type: ignore[arg-type]  # it only calls write and flush
    finally:
        os.close(handle)
    if sink.error:
        raise sink.error


class _Sink:
    """A file for torch.save, which writes to it from C++ and must not meet an exception there."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self.error: OSError | None = None

    def write(self, data: bytes | memoryview) -> int:
        """Take all of it; what cannot be written is an `error` from then on."""
        view = memoryview(data).cast("B")
        size = len(view)
        try:
            while view and self.error is None:
                view = view[os.write(self._handle, view) :]
        except OSError as error:
            self.error = error
        return size

    def flush(self) -> None:
        """Nothing is held back."""


def _is_good(folder: Path) -> bool:
    try:
        verified(folder)
    except BadCheckpoint:
        return False
    return True
