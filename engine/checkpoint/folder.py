"""One checkpoint: a folder that either is whole and verified or does not exist."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import pickle
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_model, save_model
from torch import nn

from engine.errors import BadCheckpoint
from engine.runs.files import sync_folder, write_whole

FORMAT = 1
WEIGHTS, STATE, MANIFEST = "model.safetensors", "trainer.pt", "manifest.json"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A verified checkpoint folder."""

    folder: Path
    step: int

    def restore_model(self, model: nn.Module) -> None:
        """Load the weights into a model of the same architecture.

        Raises:
            BadCheckpoint: when names or shapes do not fit.
        """
        try:
            load_model(model, self.folder / WEIGHTS)
        except (RuntimeError, SafetensorError) as error:
            raise BadCheckpoint(self.folder, f"its weights do not fit the model: {error}") from None

    def trainer_state(self) -> dict[str, Any]:
        """Optimizer, progress and random states; read without unpickling code.

        Raises:
            BadCheckpoint: when it holds anything but tensors and plain data.
        """
        try:
            state = torch.load(self.folder / STATE, map_location="cpu", weights_only=True)
        except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
            raise BadCheckpoint(self.folder, f"{STATE} cannot be read safely: {error}") from None
        if not isinstance(state, dict):
            raise BadCheckpoint(self.folder, f"{STATE} does not hold a trainer's state")
        return state


def save(root: Path, step: int, model: nn.Module, state: dict[str, Any]) -> Path:
    """Write a checkpoint under ``root``; it appears only when all of it is on the disk.

    A good checkpoint of this step is left as it is: the state of a step is always the same.

    Raises:
        OSError: when it cannot be written; what was there before is untouched.
    """
    folder = folder_of(root, step)
    if _is_good(folder):
        return folder
    part = root / f"{folder.name}.part"
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(mode=0o700)
        _write_weights(model, part / WEIGHTS)
        buffer = io.BytesIO()
        torch.save(state, buffer)
        (part / STATE).write_bytes(buffer.getvalue())
        _write_manifest(part, step)
        sync_folder(part)
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(part, folder)
        sync_folder(root)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return folder


def verified(folder: Path) -> Checkpoint:
    """The checkpoint in a folder, every byte compared with its manifest.

    Raises:
        BadCheckpoint: for a missing, truncated, changed or foreign one.
    """
    manifest = _manifest(folder)
    for name in (WEIGHTS, STATE):
        expected = manifest["files"].get(name)
        if expected is None or not (folder / name).is_file():
            raise BadCheckpoint(folder, f"{name} is missing")
        if _digest(folder / name) != expected:
            raise BadCheckpoint(folder, f"{name} is not what was saved (its SHA-256 differs)")
    return Checkpoint(folder, manifest["step"])


def _write_weights(model: nn.Module, path: Path) -> None:
    """Write the weights; tensors that share memory once.

    Raises:
        OSError: also where safetensors has an error of its own for it.
    """
    try:
        save_model(model, str(path))
    except SafetensorError as error:
        full = f"os error {errno.ENOSPC}" in str(error)
        code = errno.ENOSPC if full else errno.EIO
        raise OSError(code, os.strerror(code), str(path)) from error


def _is_good(folder: Path) -> bool:
    try:
        verified(folder)
    except BadCheckpoint:
        return False
    return True


def folder_of(root: Path, step: int) -> Path:
    """Where the checkpoint of a step is kept."""
    return root / f"step-{step:09d}"


def folders(root: Path) -> list[Path]:
    """Checkpoint folders, oldest step first, whether they are good or not."""
    return sorted(path for path in root.glob("step-*") if not path.suffix)


def latest(root: Path) -> tuple[Checkpoint | None, list[BadCheckpoint]]:
    """The newest good checkpoint, and why newer ones were refused."""
    refused: list[BadCheckpoint] = []
    for folder in reversed(folders(root)):
        try:
            return verified(folder), refused
        except BadCheckpoint as error:
            refused.append(error)
    return None, refused


def _write_manifest(part: Path, step: int) -> None:
    for name in (WEIGHTS, STATE):
        handle = os.open(part / name, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    files = {name: _digest(part / name) for name in (WEIGHTS, STATE)}
    manifest = {"format": FORMAT, "step": step, "files": files}
    write_whole(part / MANIFEST, json.dumps(manifest, indent=2), durable=True)


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        known = manifest["format"] == FORMAT and isinstance(manifest["step"], int)
        if not known or not isinstance(manifest["files"], dict):
            raise BadCheckpoint(folder, f"{MANIFEST} is of another format")
    except FileNotFoundError:
        raise BadCheckpoint(folder, f"{MANIFEST} is missing") from None
    except (ValueError, KeyError, TypeError) as error:
        raise BadCheckpoint(folder, f"{MANIFEST} is damaged ({error!r})") from None
    assert isinstance(manifest, dict)
    return manifest


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
