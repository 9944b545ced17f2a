"""run.json: the immutable document from which a run can be run again."""

from __future__ import annotations

import platform
import re
import subprocess
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Any, Literal

from pydantic import model_validator

from engine.frozen import Frozen
from engine.run_spec import RunSpec

ImportSource = Literal["tensorboard", "wandb", "mlflow", "csv"]
Plain = str | int | float | bool | None

SOURCE_NAMES: dict[ImportSource, str] = {
    "tensorboard": "TensorBoard",
    "wandb": "Weights & Biases",
    "mlflow": "MLflow",
    "csv": "CSV",
}
"""What the sources of imported runs are called on screens."""

_VERSION = re.compile(r"^Version: *(\S+)$", re.MULTILINE)
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


class Imported(Frozen):
    """Where a run comes from that was not trained here, and what its source says about it."""

    source: ImportSource
    place: str = ""
    """Name of the file or folder that it was read from, without the path to it."""
    identity: str = ""
    """The same whenever the same run is read again."""
    content: str = ""
    """SHA-256 of its points."""
    original_id: str = ""
    original_name: str = ""
    config: dict[str, Plain] = {}
    """Its settings under dotted names; numbers that are not finite are text."""
    tags: tuple[str, ...] = ()
    notes: str = ""

    @property
    def source_name(self) -> str:
        """What the source is called on screens."""
        return SOURCE_NAMES[self.source]


class RunRecord(Frozen):
    """What was asked for, when, and in which environment; or where the run was imported from."""

    format: int = 1
    run_id: str
    created_at: float
    """Seconds since 1970 (UTC)."""
    spec: RunSpec | None = None
    """What was trained; None for a run that was imported from elsewhere."""
    imported: Imported | None = None
    data_fingerprint: str | None = None
    """SHA-256 of the data's content and split; None when it was not known at creation."""
    environment: dict[str, Any] = {}
    origin: Origin | None = None
    """The run that this one was forked from."""

    @model_validator(mode="after")
    def _made_here_or_imported(self) -> RunRecord:
        if (self.spec is None) == (self.imported is None):
            raise ValueError("a run has either a spec or a source that it was imported from.")
        return self

    @property
    def name(self) -> str:
        """The name that the run was made with; empty for none."""
        if self.imported is not None:
            return self.imported.original_name
        assert self.spec is not None
        return self.spec.name


def environment() -> dict[str, Any]:
    """Versions of what decides the numbers, found without importing any of it."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "git_commit": _git_commit(),
    }


def _version(package: str) -> str | None:
    """Read from the head of the file that says it: to parse all of it takes milliseconds."""
    try:
        found = _VERSION.search(distribution(package).read_text("METADATA") or "")
        return found[1] if found else version(package)
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
