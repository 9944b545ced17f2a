"""Where the packages of requirements-bench.txt are, and the switches that keep them offline."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

_SWITCHES = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "WANDB_MODE": "offline",
    "WANDB_SILENT": "true",
    "WANDB_ERROR_REPORTING": "false",
}
_PACKAGES = Path(sys.prefix) / "bench"
"""Where `make bench` puts them, apart from what the project itself needs."""
_FOLDERS = ("HF_HOME", "TRACKIO_DIR", "WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR")


def is_there(title: str, package: str) -> bool:
    """Whether a peer can be measured; if it cannot, that is printed."""
    found = find_spec(package) is not None
    if not found:
        print(
            f"Not measured: {title}, as the package {package} is missing. "
            "`make bench` installs requirements-bench.txt."
        )
    return found


def titled(package: str) -> str:
    """The package with the version that is measured."""
    return f"{package} {version(package)}"


@contextmanager
def peers_offline() -> Iterator[Path]:
    """Let peers be imported, with a folder in which they keep everything; none uses the network.

    The folder is gone afterwards. Some read its name when they are imported, so a process should
    do this once for each of them.
    """
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        before = dict(os.environ)
        os.environ.update(_SWITCHES)
        for name in _FOLDERS:
            os.environ[name] = str(Path(folder) / name.lower())
        if str(_PACKAGES) not in sys.path:
            sys.path.append(str(_PACKAGES))  # at the end: what the project needs comes first
        try:
            yield Path(folder)
        finally:
            os.environ.clear()
            os.environ.update(before)
