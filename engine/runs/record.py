"""run.json: the immutable document from which a run can be run again."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from engine.frozen import Frozen
from engine.run_spec import RunSpec

_PACKAGES = ("torch", "numpy", "safetensors", "scikit-learn", "torchmetrics", "streamlit")


class Origin(Frozen):
    """Where a run comes from that did not begin at step 0."""

    run_id: str
    step: int
    what: Literal["fork"] = "fork"
    """A fork goes on from a checkpoint of another run, with changes."""
    fresh_optimizer: bool = False
    """Whether the optimizer forgets what is in the checkpoints up to this step: it does not fit the
    changes."""


class RunRecord(Frozen):
    """What was asked for, when, and in which environment."""

    format: int = 1
    run_id: str
    created_at: float
    """Seconds since 1970 (UTC)."""
    spec: RunSpec
    data_fingerprint: str | None = None
    """SHA-256 of the data's content and split; None when it was not known at creation."""
    environment: dict[str, Any] = {}
    origin: Origin | None = None
    """The run that this one was forked from."""


def environment() -> dict[str, Any]:
    """Versions of what decides the numbers, found without importing any of it."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "git_commit": _git_commit(),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git_commit() -> str | None:
    """The commit of the code that trains, where it is a git checkout."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
