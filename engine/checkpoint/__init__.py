"""Checkpoints: what a run needs to go on exactly where it was."""

from engine.checkpoint.folder import (
    MANIFEST,
    STATE,
    WEIGHTS,
    Checkpoint,
    folder_of,
    folders,
    latest,
    save,
    verified,
)
from engine.checkpoint.keeper import CheckpointKeeper

__all__ = [
    "MANIFEST",
    "STATE",
    "WEIGHTS",
    "Checkpoint",
    "CheckpointKeeper",
    "folder_of",
    "folders",
    "latest",
    "save",
    "verified",
]
