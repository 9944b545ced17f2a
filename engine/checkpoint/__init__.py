"""Checkpoints: what a run needs to go on exactly where it was."""

from engine.checkpoint.folder import Checkpoint, latest, save, verified
from engine.checkpoint.keeper import CheckpointKeeper
from engine.checkpoint.snapshot import Snapshot
from engine.runs.checkpoint_files import AVERAGE, MANIFEST, STATE, WEIGHTS, folder_of, folders

__all__ = [
    "AVERAGE",
    "MANIFEST",
    "STATE",
    "WEIGHTS",
    "Checkpoint",
    "CheckpointKeeper",
    "Snapshot",
    "folder_of",
    "folders",
    "latest",
    "save",
    "verified",
]
